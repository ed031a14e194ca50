import type { NameServerCounters } from "../dns/name-server.ts";
import type { Resolver } from "../dns/resolver.ts";
import type { DataPlane } from "../plane.ts";

/** The words of `show resolvers`, and where their numbers are. What can't happen here stays 0. */
const LINES: readonly (readonly [string, keyof NameServerCounters | undefined])[] = [
  ["sent:        ", "sent"],
  ["snd_error:   ", "sendErrors"],
  ["valid:       ", "valid"],
  ["update:      ", "update"],
  ["cname:       ", undefined],
  ["cname_error: ", undefined],
  ["any_err:     ", undefined],
  ["nx:          ", "nx"],
  ["timeout:     ", "timeout"],
  ["refused:     ", "refused"],
  ["other:       ", "other"],
  ["invalid:     ", "invalid"],
  ["too_big:     ", undefined],
  ["truncated:   ", "truncated"],
  ["outdated:    ", "outdated"],
];

/** `show resolvers [section]`. */
export function showResolvers(plane: DataPlane, only: string | undefined): string {
  const resolvers: ReadonlyMap<string, Resolver> = plane.names?.resolvers ?? new Map<string, Resolver>();
  if (only !== undefined && !resolvers.has(only)) return "Can't find that resolvers section\n";
  let text = "";
  for (const [name, resolver] of resolvers) {
    if (only !== undefined && only !== name) continue;
    text += `Resolvers section ${name}\n`;
    const ofRules = plane.lookups.resolvers.get(name)?.nameServers;
    for (const [index, { counters, settings }] of resolver.nameServers.entries()) {
      // Rules look names up by themselves.
      const others = ofRules?.[index]?.counters;
      const count = (of: keyof NameServerCounters): number => counters[of] + (others?.[of] ?? 0);
      text += ` nameserver ${settings.name}:\n`;
      for (const [label, counter] of LINES) text += `  ${label}${counter === undefined ? 0 : count(counter)}\n`;
    }
  }
  return text;
}
