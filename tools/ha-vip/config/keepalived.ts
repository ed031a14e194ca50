/** keepalived.conf → the model. Finds all problems in one pass; source: keepalived.conf(5), VRRP part. */
import { type Reason, reason } from "../../../shared/reason/catalogue.ts";
import { fail, ok, type Result } from "../../../shared/reason/result.ts";
import { hint } from "../../../shared/text/did-you-mean.ts";
import { configReasons } from "../model/config-reasons.ts";
import {
  CHECK_DEFAULTS,
  type CheckSettings,
  LEAST_CHECK_INTERVAL_MS,
  type RouterConfiguration,
  type VipConfiguration,
} from "../model/configuration.ts";
import { readBlocks, type Statement } from "./block-text.ts";
import { type GlobalSettings, readInstance } from "./keepalived-instance.ts";
import {
  blockOf,
  type Handlers,
  ignored,
  isError,
  readSeconds,
  readStatements,
  readText,
  readWhole,
  unsupported,
} from "./reader.ts";

const ONE_HOUR_MS = 3_600_000;
const MAIL = "ha-vip sends no mail; hook a script or the metrics to your alerting";

interface Globals extends GlobalSettings {
  scriptUser?: string;
}

const globalHandlers: Handlers<Globals> = {
  router_id: ignored("a host is known by its host name"),
  lvs_id: ignored("a host is known by its host name"),
  notification_email: ignored(MAIL),
  notification_email_from: ignored(MAIL),
  smtp_server: ignored(MAIL),
  smtp_connect_timeout: ignored(MAIL),
  smtp_helo_name: ignored(MAIL),
  enable_script_security: ignored("scripts that others can change are never run"),
  script_user(statement, draft, problems) {
    const user = readText(statement, "keepalived_script", problems);
    if (user !== undefined) draft.scriptUser = user;
  },
  vrrp_version(statement, draft, problems) {
    const value = readWhole(statement, 2, 3, problems);
    if (value !== undefined) draft.version = value === 2 ? 2 : 3;
  },
  vrrp_garp_master_repeat(statement, draft, problems) {
    const value = readWhole(statement, 1, 50, problems);
    if (value !== undefined) draft.announceCount = value;
  },
  vrrp_garp_master_delay(statement, draft, problems) {
    const value = readSeconds(statement, 0, ONE_HOUR_MS, problems);
    if (value !== undefined) draft.announceDelayMs = value;
  },
  vrrp_garp_master_refresh(statement, draft, problems) {
    const value = readSeconds(statement, 0, ONE_HOUR_MS, problems);
    if (value !== undefined) draft.announceRefreshMs = value;
  },
};

interface ScriptDraft {
  argv?: readonly string[];
  intervalMs?: number;
  timeoutMs?: number;
  weight?: number;
  rise?: number;
  fall?: number;
}

const scriptHandlers: Handlers<ScriptDraft> = {
  script(statement, draft, problems) {
    const text = readText(statement, '"/usr/bin/killall -0 haproxy"', problems);
    // A quoted command is one word of the file and several of the command; without quotes they are words already.
    if (text !== undefined) draft.argv = statement.words.slice(1).flatMap((word) => word.text.trim().split(/\s+/));
  },
  interval(statement, draft, problems) {
    const value = readSeconds(statement, LEAST_CHECK_INTERVAL_MS, ONE_HOUR_MS, problems);
    if (value !== undefined) draft.intervalMs = value;
  },
  timeout(statement, draft, problems) {
    const value = readSeconds(statement, 10, ONE_HOUR_MS, problems);
    if (value !== undefined) draft.timeoutMs = value;
  },
  weight(statement, draft, problems) {
    const value = readWhole(statement, -253, 253, problems);
    if (value !== undefined) draft.weight = value;
  },
  rise(statement, draft, problems) {
    const value = readWhole(statement, 1, 1000, problems);
    if (value !== undefined) draft.rise = value;
  },
  fall(statement, draft, problems) {
    const value = readWhole(statement, 1, 1000, problems);
    if (value !== undefined) draft.fall = value;
  },
  user: unsupported("this version of ha-vip runs checks as its own user"),
  init_fail: ignored("a check counts as failing until it has passed"),
};

function readScript(statement: Statement, problems: Reason[]): CheckSettings | undefined {
  const [keyword, name] = statement.words;
  const draft: ScriptDraft = {};
  readStatements(blockOf(statement, problems), scriptHandlers, draft, `vrrp_script ${name?.text ?? ""}`, problems);
  if (name === undefined || draft.argv === undefined) {
    const word = name === undefined ? "name" : "script";
    const example = name === undefined ? "vrrp_script check {" : 'script "/usr/bin/curl -fs http://127.0.0.1/"';
    problems.push(
      reason(configReasons, "VIP_CONF_MISSING", { where: "vrrp_script", word, example }, (name ?? keyword).at),
    );
    return undefined;
  }
  if (/(^|\/)killall$/.test(draft.argv[0] ?? "") && draft.argv.includes("-0")) {
    problems.push(reason(configReasons, "VIP_CONF_KILLALL", { check: name.text }, name.at));
  }
  const intervalMs = draft.intervalMs ?? CHECK_DEFAULTS.intervalMs;
  return {
    name: name.text,
    target: { kind: "exec", argv: draft.argv },
    intervalMs,
    timeoutMs: draft.timeoutMs ?? intervalMs,
    rise: draft.rise ?? CHECK_DEFAULTS.rise,
    fall: draft.fall ?? CHECK_DEFAULTS.fall,
    weight: draft.weight ?? CHECK_DEFAULTS.weight,
    at: name.at,
  };
}

interface Draft {
  readonly globals: Globals;
  readonly scripts: CheckSettings[];
  readonly instances: Statement[];
}

const NOT_VRRP = "ha-vip is for addresses; ha-lb balances load";
const LATER = "this version of ha-vip doesn't do it yet";

const topHandlers: Handlers<Draft> = {
  global_defs(statement, draft, problems) {
    readStatements(blockOf(statement, problems), globalHandlers, draft.globals, "global_defs", problems);
  },
  vrrp_script(statement, draft, problems) {
    const script = readScript(statement, problems);
    if (script !== undefined) draft.scripts.push(script);
  },
  vrrp_instance(statement, draft) {
    draft.instances.push(statement);
  },
  ...Object.fromEntries(
    ["virtual_server", "virtual_server_group", "SSL"].map((word) => [word, unsupported<Draft>(NOT_VRRP)]),
  ),
  ...Object.fromEntries(
    [
      "vrrp_sync_group",
      "vrrp_track_process",
      "vrrp_track_file",
      "track_file",
      "static_ipaddress",
      "static_routes",
      "static_rules",
      "include",
      "bfd_instance",
      "garp_group",
      "net_namespace",
      "instance",
    ].map((word) => [word, unsupported<Draft>(LATER)]),
  ),
};

function checkNames(items: readonly CheckSettings[], problems: Reason[]): void {
  const seen = new Set<string>();
  for (const { name, at } of items) {
    if (seen.has(name)) problems.push(reason(configReasons, "VIP_CONF_TWICE", { what: "vrrp_script", name }, at));
    seen.add(name);
  }
}

function checkRouters(
  routers: readonly RouterConfiguration[],
  checks: readonly CheckSettings[],
  problems: Reason[],
): void {
  const names = new Set<string>();
  const onLink = new Map<string, string>();
  for (const { settings, tracks, at } of routers) {
    const { name, vrid, device } = settings;
    if (names.has(name)) problems.push(reason(configReasons, "VIP_CONF_TWICE", { what: "vrrp_instance", name }, at));
    names.add(name);
    const link = `${device} ${vrid} ${settings.family}`;
    const other = onLink.get(link);
    if (other !== undefined)
      problems.push(reason(configReasons, "VIP_CONF_VRID_CLASH", { name, other, vrid, device }, at));
    onLink.set(link, name);
    for (const track of tracks) {
      if (checks.some((check) => check.name === track.check)) continue;
      const near = hint(
        track.check,
        checks.map((check) => check.name),
      );
      problems.push(reason(configReasons, "VIP_CONF_NO_SCRIPT", { name: track.check, hint: near }, track.at));
    }
  }
}

/** Reads a whole keepalived.conf. Scripts may be defined after they are used. */
export function parseKeepalived(file: string, text: string): Result<VipConfiguration> {
  const problems: Reason[] = [];
  const draft: Draft = { globals: {}, scripts: [], instances: [] };
  readStatements(readBlocks(file, text, problems), topHandlers, draft, "the file", problems);
  const routers = draft.instances.flatMap((statement) => readInstance(statement, draft.globals, problems) ?? []);
  checkNames(draft.scripts, problems);
  checkRouters(routers, draft.scripts, problems);
  if (routers.length === 0 && draft.instances.length === 0) {
    const example = "vrrp_instance VI_1 { … }";
    problems.push(
      reason(
        configReasons,
        "VIP_CONF_MISSING",
        { where: "the file", word: "vrrp_instance", example },
        { file, line: 1, column: 1 },
      ),
    );
  }
  if (problems.some(isError)) return fail(problems);
  return ok({ origin: file, routers, checks: draft.scripts }, problems);
}
