/** From the roles of routers to notify scripts and FIFO lines, for instances and for groups. */
import type { VipConfiguration } from "../../model/configuration.ts";
import { holdersOf } from "../../model/holders.ts";
import { onlyWaits } from "../../decide/check.ts";
import type { RouterRole, RouterView } from "../../model/messages.ts";
import type { Notifier, NotifyState } from "../../drive/notifier.ts";

/** What scripts are told; nothing for a router that waits for the first result of its checks. */
function stateOf(view: RouterView): NotifyState | undefined {
  return view.role === "fault" && onlyWaits(view.faults) ? undefined : STATE[view.role];
}

const STATE: Readonly<Record<RouterRole, NotifyState>> = {
  master: "MASTER",
  backup: "BACKUP",
  fault: "FAULT",
  conflict: "FAULT",
  stopped: "STOP",
};

export class ChangeTeller {
  readonly #groupStates = new Map<string, NotifyState>();

  constructor(
    private configuration: VipConfiguration,
    private readonly notifier: Notifier,
  ) {}

  reload(configuration: VipConfiguration): void {
    this.configuration = configuration;
  }

  onView(before: RouterView | undefined, view: RouterView, views: ReadonlyMap<string, RouterView>): void {
    const router = holdersOf(this.configuration).find((one) => one.settings.name === view.name);
    if (router === undefined) return;
    const { notify } = router;
    const state = stateOf(view);
    if (state !== undefined && (before === undefined || stateOf(before) !== state)) {
      const { name, priority } = view;
      this.notifier.tell({ kind: "INSTANCE", name, state, priority }, notify);
      this.#tellGroups(name, views);
    } else if (before !== undefined && before.priority !== view.priority && notify.priorityChanges === true) {
      this.notifier.tellPriority(view.name, view.role === "master" ? "MASTER" : "BACKUP", view.priority);
    }
  }

  /** A master heard one of lower priority: there had been two. */
  onLowerHeard(view: RouterView): void {
    const router = holdersOf(this.configuration).find((one) => one.settings.name === view.name);
    if (router === undefined) return;
    const change = {
      kind: "INSTANCE",
      name: view.name,
      state: "MASTER_RX_LOWER_PRI",
      priority: view.priority,
    } as const;
    this.notifier.tell(change, router.notify);
  }

  onDeleted(name: string, notify: VipConfiguration["routers"][number]["notify"]): void {
    this.notifier.tell({ kind: "INSTANCE", name, state: "DELETED", priority: 0 }, notify);
  }

  #tellGroups(member: string, views: ReadonlyMap<string, RouterView>): void {
    for (const group of this.configuration.groups) {
      if (!group.members.includes(member)) continue;
      const members = group.members.map((name) => views.get(name));
      const state = groupState(members.map((view) => (view === undefined ? undefined : stateOf(view))));
      if (state === undefined || this.#groupStates.get(group.name) === state) continue;
      this.#groupStates.set(group.name, state);
      // A group has no priority of its own.
      this.notifier.tell({ kind: "GROUP", name: group.name, state, priority: 0 }, group.notify);
    }
  }
}

/** A group is what all its members are; in fault when one is. While they change one after the other it is nothing yet. */
export function groupState(roles: readonly (NotifyState | undefined)[]): NotifyState | undefined {
  if (roles.includes("FAULT")) return "FAULT";
  const [first] = roles;
  return roles.every((role) => role === first) ? first : undefined;
}
