/** The block `vrrp_sync_group` of keepalived.conf(5), and what it changes in its members. */
import { type Reason, reason } from "../../../shared/reason/catalogue.ts";
import { hint } from "../../../shared/text/did-you-mean.ts";
import { configReasons } from "../model/config-reasons.ts";
import type { RouterConfiguration } from "../model/configuration.ts";
import type { Statement, Word } from "./block-text.ts";
import type { GlobalSettings } from "./keepalived-globals.ts";
import { type TrackDraft, trackHandlers } from "./keepalived-track.ts";
import { blockOf, type Handlers, ignored, readStatements, surplus } from "./reader.ts";

export interface GroupDraft extends TrackDraft {
  readonly name: Word;
  readonly members: Word[];
  keepWeights?: boolean;
}

const handlers: Handlers<GroupDraft> = {
  ...trackHandlers,
  group(statement, draft, problems) {
    for (const line of blockOf(statement, problems)) draft.members.push(...line.words);
  },
  sync_group_tracking_weight(statement, draft, problems) {
    surplus(statement, 1, problems);
    draft.keepWeights = true;
  },
  global_tracking: ignored("what is tracked belongs to the group or to its members"),
};

export function readGroup(statement: Statement, globals: GlobalSettings, problems: Reason[]): GroupDraft | undefined {
  const [keyword, name] = statement.words;
  if (name === undefined) {
    const data = { where: "vrrp_sync_group", word: "name", example: "vrrp_sync_group VG_1 {" };
    problems.push(reason(configReasons, "VIP_CONF_MISSING", data, keyword.at));
    return undefined;
  }
  const runAs = globals.runAs === undefined ? {} : { runAs: globals.runAs };
  const draft: GroupDraft = { name, members: [], tracks: [], devices: [], notify: {}, ...runAs };
  readStatements(blockOf(statement, problems, "named"), handlers, draft, `vrrp_sync_group ${name.text}`, problems);
  if (draft.members.length < 2) {
    problems.push(reason(configReasons, "VIP_CONF_GROUP_SMALL", { name: name.text }, name.at));
  }
  return draft;
}

/** What the group tracks, its members track; weights of single members are 0, or the group would be torn apart. */
export function applyGroups(
  groups: readonly GroupDraft[],
  routers: readonly RouterConfiguration[],
  instances: readonly string[],
  problems: Reason[],
): RouterConfiguration[] {
  const groupOf = new Map<string, GroupDraft>();
  for (const group of groups) {
    for (const member of group.members) {
      const other = groupOf.get(member.text);
      if (!instances.includes(member.text)) {
        const data = { name: member.text, hint: hint(member.text, instances) };
        problems.push(reason(configReasons, "VIP_CONF_NO_INSTANCE", data, member.at));
      } else if (other !== undefined) {
        const data = { name: member.text, one: other.name.text, other: group.name.text };
        problems.push(reason(configReasons, "VIP_CONF_IN_TWO_GROUPS", data, member.at));
      }
      groupOf.set(member.text, group);
    }
  }
  return routers.map((router) => {
    const group = groupOf.get(router.settings.name);
    return group === undefined ? router : joined(router, group, problems);
  });
}

function joined(router: RouterConfiguration, group: GroupDraft, problems: Reason[]): RouterConfiguration {
  const { settings } = router;
  const free = group.keepWeights === true;
  for (const track of router.tracks) {
    if (free || track.weight === undefined || track.weight === 0) continue;
    const data = { name: settings.name, group: group.name.text, check: track.check };
    problems.push(reason(configReasons, "VIP_CONF_GROUP_WEIGHT", data, track.at));
  }
  const own = free ? router.tracks : router.tracks.map((track) => ({ ...track, weight: 0 }));
  const devices = free ? settings.trackedDevices : settings.trackedDevices.map((one) => ({ ...one, weight: 0 }));
  return {
    ...router,
    tracks: [...own, ...group.tracks],
    settings: { ...settings, trackedDevices: [...devices, ...group.devices] },
  };
}
