/** keepalived.conf → the model. Finds all problems in one pass; source: keepalived.conf(5), VRRP part. */
import { type Reason, reason } from "../../../shared/reason/catalogue.ts";
import { fail, ok, type Result } from "../../../shared/reason/result.ts";
import { configReasons } from "../model/config-reasons.ts";
import type { CheckSettings, GroupConfiguration, VipConfiguration } from "../model/configuration.ts";
import { checkConfiguration } from "../model/check-configuration.ts";
import { readBlocks, type Statement } from "./block-text.ts";
import { readScript, readTrackFile, readTrackProcess } from "./keepalived-checks.ts";
import { fifosOf, globalHandlers, type GlobalSettings } from "./keepalived-globals.ts";
import { applyGroups, type GroupDraft, readGroup } from "./keepalived-group.ts";
import { readInstance } from "./keepalived-instance.ts";
import { type Handler, type Handlers, blockOf, ignored, isError, readStatements, unsupported } from "./reader.ts";
import type { LineOptions } from "./source-lines.ts";

interface Draft {
  readonly globals: GlobalSettings;
  readonly checks: CheckSettings[];
  /** Read after `global_defs`, wherever that stands. */
  readonly scripts: Statement[];
  readonly instances: Statement[];
  readonly groups: Statement[];
}

const NOT_VRRP = "ha-vip is for addresses; ha-lb balances load";
const STATIC = "ha-vip moves addresses; what always stays belongs to the host's own network configuration";

function all(words: readonly string[], handler: Handler<Draft>): Handlers<Draft> {
  return Object.fromEntries(words.map((word) => [word, handler]));
}

const topHandlers: Handlers<Draft> = {
  global_defs(statement, draft, problems) {
    readStatements(blockOf(statement, problems), globalHandlers, draft.globals, "global_defs", problems);
  },
  vrrp_script: (statement, draft) => void draft.scripts.push(statement),
  vrrp_instance: (statement, draft) => void draft.instances.push(statement),
  vrrp_sync_group: (statement, draft) => void draft.groups.push(statement),
  ...all(["track_file", "vrrp_track_file"], (statement, draft, problems) => {
    const check = readTrackFile(statement, problems);
    if (check !== undefined) draft.checks.push(check);
  }),
  ...all(["vrrp_track_process", "track_process"], (statement, draft, problems) => {
    const check = readTrackProcess(statement, problems);
    if (check !== undefined) draft.checks.push(check);
  }),
  ...all(["virtual_server", "virtual_server_group", "SSL"], unsupported<Draft>(NOT_VRRP)),
  ...all(["static_ipaddress", "static_routes", "static_rules", "track_group"], unsupported<Draft>(STATIC)),
  ...all(
    ["garp_group", "linkbeat_use_polling", "linkbeat_interfaces", "child_wait_time", "use_pid_dir"],
    ignored<Draft>("ha-vip does this in its own way"),
  ),
  ...all(
    ["net_namespace", "net_namespace_ipvs", "namespace_with_ipsets"],
    unsupported<Draft>("start it inside the namespace: ip netns exec NAME ha-vip …"),
  ),
  instance: unsupported<Draft>("start each instance with its own --socket"),
  bfd_instance: unsupported<Draft>("BFD as a check of an address isn't there yet"),
  interface_up_down_delays: unsupported<Draft>("an interface that goes down can't serve from that moment"),
};

function checkOrder(draft: Draft, problems: Reason[]): void {
  const first = draft.instances[0]?.words[0].at;
  if (first === undefined) return;
  for (const { words } of draft.scripts) {
    const at = words[0].at;
    if (at.file !== first.file || at.line < first.line) continue;
    problems.push(reason(configReasons, "VIP_CONF_SCRIPT_ORDER", { check: words[1]?.text ?? "" }, at));
  }
}

/** Reads a whole keepalived.conf. Scripts may be defined after they are used. */
export function parseKeepalived(file: string, text: string, options: LineOptions = {}): Result<VipConfiguration> {
  const problems: Reason[] = [];
  const draft: Draft = {
    globals: { fifos: [], fifoScripts: new Map() },
    checks: [],
    scripts: [],
    instances: [],
    groups: [],
  };
  readStatements(readBlocks(file, text, problems, options), topHandlers, draft, "the file", problems);
  const { globals } = draft;
  const scripts = draft.scripts.flatMap((statement) => readScript(statement, globals.runAs, problems) ?? []);
  const own = draft.instances.flatMap((statement) => readInstance(statement, globals, problems) ?? []);
  const drafts: GroupDraft[] = draft.groups.flatMap((statement) => readGroup(statement, globals, problems) ?? []);
  const names = draft.instances.map((statement) => statement.words[1]?.text ?? "");
  const routers = applyGroups(drafts, own, names, problems);
  checkOrder(draft, problems);
  if (draft.instances.length === 0) {
    const data = { where: "the file", word: "vrrp_instance", example: "vrrp_instance VI_1 { … }" };
    problems.push(reason(configReasons, "VIP_CONF_MISSING", data, { file, line: 1, column: 1 }));
  }
  const groups: GroupConfiguration[] = drafts.map(({ members, name, notify }) => ({
    name: name.text,
    members: members.map((member) => member.text),
    notify,
    at: name.at,
  }));
  const configuration: VipConfiguration = {
    origin: file,
    routers,
    checks: [...scripts, ...draft.checks],
    groups,
    fifos: fifosOf(globals),
    ...(globals.startup === undefined ? {} : { startup: globals.startup }),
    ...(globals.shutdown === undefined ? {} : { shutdown: globals.shutdown }),
  };
  problems.push(...checkConfiguration(configuration));
  return problems.some(isError) ? fail(problems) : ok(configuration, problems);
}
