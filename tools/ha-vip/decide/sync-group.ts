/** Sync groups: routers that are master, backup or in fault together (keepalived.conf(5), vrrp_sync_group). Pure. */
import { NOT_RUN_YET, onlyWaits } from "./check.ts";
import type { SyncGroup } from "../model/router.ts";
import type { Role } from "./router-state.ts";

/**
 * The faults of every router with those of its groups' other members: one that can't serve keeps all from serving.
 * @param own each router's own faults
 */
export function withGroupFaults(
  groups: readonly SyncGroup[],
  own: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<string, readonly string[]> {
  const all = new Map([...own].map(([name, faults]) => [name, [...faults]]));
  for (const group of groups) {
    const broken = group.members.filter((member) => (own.get(member) ?? []).length > 0);
    for (const member of group.members) {
      const others = broken.filter((other) => other !== member);
      if (others.length === 0) continue;
      const waiting = others.every((other) => onlyWaits(own.get(other) ?? []));
      const who = `${others.join(", ")} of group ${group.name}`;
      all.get(member)?.push(waiting ? `a check of ${who} ${NOT_RUN_YET}` : `${who} can't serve`);
    }
  }
  return all;
}

export interface Follower {
  readonly name: string;
  readonly role: "master" | "backup";
}

/** Who must follow when a router has changed its role. */
export function followersOf(groups: readonly SyncGroup[], name: string, before: Role, after: Role): Follower[] {
  if (before === after) return [];
  const role = after === "master" ? "master" : before === "master" && after === "backup" ? "backup" : undefined;
  if (role === undefined) return [];
  return groups
    .filter((group) => group.members.includes(name))
    .flatMap((group) => group.members.filter((member) => member !== name).map((member) => ({ name: member, role })));
}
