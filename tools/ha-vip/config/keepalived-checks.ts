/** The blocks vrrp_script, track_file and vrrp_track_process of keepalived.conf(5). */
import { type Reason, reason } from "../../../shared/reason/catalogue.ts";
import { configReasons } from "../model/config-reasons.ts";
import {
  CHECK_DEFAULTS,
  type CheckSettings,
  type CheckTarget,
  LEAST_CHECK_INTERVAL_MS,
  type RunAs,
  TRACK_INTERVAL_MS,
} from "../model/configuration.ts";
import type { Statement } from "./block-text.ts";
import { CHECK_KINDS, splitCommand } from "./keepalived-track.ts";
import {
  blockOf,
  type Handlers,
  ignored,
  readOne,
  readSeconds,
  readStatements,
  readText,
  readWhole,
  surplus,
} from "./reader.ts";

const ONE_HOUR_MS = 3_600_000;

interface CheckDraft {
  argv?: readonly string[];
  intervalMs?: number;
  timeoutMs?: number;
  weight?: number;
  reverse?: boolean;
  rise?: number;
  fall?: number;
  runAs?: RunAs;
  path?: string;
  process?: readonly string[];
  quorum?: number;
  quorumMost?: number;
  fullCommand?: boolean;
}

function weight(statement: Statement, draft: CheckDraft, problems: Reason[]): void {
  const value = readWhole(statement, -254, 254, problems, 3);
  if (value !== undefined) draft.weight = value;
  const direction = statement.words[2];
  if (direction === undefined) return;
  if (direction.text === "reverse") draft.reverse = true;
  else if (!["noreverse", "no_reverse"].includes(direction.text)) {
    const data = { word: "weight", needs: "nothing, or reverse, behind the number", example: "weight -20 reverse" };
    problems.push(reason(configReasons, "VIP_CONF_VALUE", data, direction.at));
  }
}

const scriptHandlers: Handlers<CheckDraft> = {
  script(statement, draft, problems) {
    const text = readText(statement, '"/usr/bin/killall -0 haproxy"', problems);
    // A quoted command is one word of the file and several of the command; without quotes they are words already.
    if (text !== undefined) draft.argv = splitCommand(statement.words.slice(1));
  },
  interval(statement, draft, problems) {
    const value = readSeconds(statement, LEAST_CHECK_INTERVAL_MS, 24 * ONE_HOUR_MS, problems);
    if (value !== undefined) draft.intervalMs = value;
  },
  timeout(statement, draft, problems) {
    const value = readSeconds(statement, 10, 24 * ONE_HOUR_MS, problems);
    if (value !== undefined) draft.timeoutMs = value;
  },
  weight,
  rise(statement, draft, problems) {
    const value = readWhole(statement, 1, 1000, problems);
    if (value !== undefined) draft.rise = value;
  },
  fall(statement, draft, problems) {
    const value = readWhole(statement, 1, 1000, problems);
    if (value !== undefined) draft.fall = value;
  },
  user(statement, draft, problems) {
    surplus(statement, 3, problems);
    const user = readText(statement, "keepalived_script", problems);
    const group = statement.words[2]?.text;
    if (user !== undefined) draft.runAs = { user, ...(group === undefined ? {} : { group }) };
  },
  init_fail: ignored("a check counts as failing until it has passed"),
};

const fileHandlers: Handlers<CheckDraft> = {
  file(statement, draft, problems) {
    const path = readOne(statement, "/etc/keepalived/weight", problems);
    if (path !== undefined) draft.path = path;
  },
  weight,
  init_file: ignored("ha-vip doesn't write the file: until it is there it counts as 0"),
};

const processHandlers: Handlers<CheckDraft> = {
  process(statement, draft, problems) {
    if (readText(statement, "haproxy", problems) === undefined) return;
    draft.process = statement.words.slice(1).map((word) => word.text);
  },
  weight,
  quorum(statement, draft, problems) {
    const value = readWhole(statement, 1, 65_535, problems);
    if (value !== undefined) draft.quorum = value;
  },
  quorum_max(statement, draft, problems) {
    const value = readWhole(statement, 0, 65_535, problems);
    if (value !== undefined) draft.quorumMost = value;
  },
  delay(statement, draft, problems) {
    delay(statement, draft, problems, ["rise", "fall"]);
  },
  fork_delay(statement, draft, problems) {
    delay(statement, draft, problems, ["rise"]);
  },
  terminate_delay(statement, draft, problems) {
    delay(statement, draft, problems, ["fall"]);
  },
  full_command(statement, draft, problems) {
    surplus(statement, 1, problems);
    draft.fullCommand = true;
  },
  param_match(statement, draft, problems) {
    if (statement.words[1] === undefined) draft.fullCommand = true;
    else {
      const because = "parameters are compared whole";
      problems.push(
        reason(configReasons, "VIP_CONF_UNSUPPORTED", { word: "param_match", because }, statement.words[1].at),
      );
    }
  },
};

/** Seconds as so many results in a row. */
function delay(statement: Statement, draft: CheckDraft, problems: Reason[], keys: readonly ("rise" | "fall")[]): void {
  const value = readSeconds(statement, 0, ONE_HOUR_MS, problems);
  if (value === undefined) return;
  for (const key of keys) draft[key] = Math.max(1, Math.ceil(value / TRACK_INTERVAL_MS));
}

function nameless(statement: Statement, where: string, word: string, example: string, problems: Reason[]): undefined {
  const [keyword, name] = statement.words;
  problems.push(reason(configReasons, "VIP_CONF_MISSING", { where, word, example }, (name ?? keyword).at));
  return undefined;
}

function settingsOf(name: string, target: CheckTarget, draft: CheckDraft, tracked: boolean): CheckSettings {
  const intervalMs = tracked ? TRACK_INTERVAL_MS : (draft.intervalMs ?? CHECK_DEFAULTS.intervalMs);
  return {
    name,
    target,
    intervalMs,
    timeoutMs: draft.timeoutMs ?? Math.max(intervalMs, tracked ? 1000 : 0),
    rise: draft.rise ?? CHECK_DEFAULTS.rise,
    fall: draft.fall ?? CHECK_DEFAULTS.fall,
    weight: draft.weight ?? (target.kind === "file" ? 1 : CHECK_DEFAULTS.weight),
    ...(draft.reverse === undefined ? {} : { reverse: draft.reverse }),
  };
}

export function readScript(
  statement: Statement,
  runAs: RunAs | undefined,
  problems: Reason[],
): CheckSettings | undefined {
  const name = statement.words[1];
  const draft: CheckDraft = {};
  readStatements(
    blockOf(statement, problems, "named"),
    scriptHandlers,
    draft,
    `vrrp_script ${name?.text ?? ""}`,
    problems,
  );
  if (name === undefined) return nameless(statement, "vrrp_script", "name", "vrrp_script check {", problems);
  const { argv } = draft;
  if (argv === undefined) {
    return nameless(statement, "vrrp_script", "script", 'script "/usr/bin/curl -fs http://127.0.0.1/"', problems);
  }
  if (/(^|\/)killall5?$/.test(argv[0] ?? "") && argv.some((word) => /^-(0|s0)$/.test(word))) {
    problems.push(reason(configReasons, "VIP_CONF_KILLALL", { check: name.text }, name.at));
  }
  const as = draft.runAs ?? runAs;
  const target: CheckTarget = { kind: "exec", argv, ...(as === undefined ? {} : { runAs: as }) };
  return { ...settingsOf(name.text, target, draft, false), at: name.at };
}

export function readTrackFile(statement: Statement, problems: Reason[]): CheckSettings | undefined {
  const name = statement.words[1];
  const draft: CheckDraft = {};
  readStatements(
    blockOf(statement, problems, "named"),
    fileHandlers,
    draft,
    `track_file ${name?.text ?? ""}`,
    problems,
  );
  if (name === undefined) return nameless(statement, "track_file", "name", "track_file weight {", problems);
  if (draft.path === undefined)
    return nameless(statement, "track_file", "file", "file /etc/keepalived/weight", problems);
  const target: CheckTarget = { kind: "file", path: draft.path };
  return { ...settingsOf(`${CHECK_KINDS.file}${name.text}`, target, draft, true), at: name.at };
}

export function readTrackProcess(statement: Statement, problems: Reason[]): CheckSettings | undefined {
  const where = "vrrp_track_process";
  const name = statement.words[1];
  const draft: CheckDraft = {};
  readStatements(
    blockOf(statement, problems, "named"),
    processHandlers,
    draft,
    `${where} ${name?.text ?? ""}`,
    problems,
  );
  if (name === undefined) return nameless(statement, where, "name", "vrrp_track_process web {", problems);
  const [command, ...words] = draft.process ?? [];
  if (command === undefined) return nameless(statement, where, "process", "process nginx", problems);
  const whole = words.length > 0 || draft.fullCommand === true;
  const target: CheckTarget = {
    kind: "process",
    name: command,
    // One must run, unless none may.
    quorum: draft.quorum ?? (draft.quorumMost === 0 ? 0 : 1),
    ...(whole ? { arguments: words } : {}),
    ...(draft.quorumMost === undefined ? {} : { quorumMost: draft.quorumMost }),
  };
  // Weight 1 is keepalived's default for processes.
  const own = draft.weight === undefined ? { ...draft, weight: 1 } : draft;
  return { ...settingsOf(`${CHECK_KINDS.process}${name.text}`, target, own, true), at: name.at };
}
