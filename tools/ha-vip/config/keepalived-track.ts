/** What an instance or a group follows, and whom it tells: track_* and notify_* of keepalived.conf(5). */
import { type Reason, reason } from "../../../shared/reason/catalogue.ts";
import { configReasons } from "../model/config-reasons.ts";
import type { NotifyScript, NotifySettings, RunAs, TrackedCheck } from "../model/configuration.ts";
import type { TrackedDevice } from "../model/router.ts";
import type { Statement, Word } from "./block-text.ts";
import { splitCommandText } from "./command-words.ts";
import { blockOf, type Handlers, ignored, readSwitch, readText, surplus, unsupported } from "./reader.ts";

/** What `vrrp_instance` and `vrrp_sync_group` have in common. */
export interface TrackDraft {
  readonly tracks: TrackedCheck[];
  readonly devices: TrackedDevice[];
  readonly notify: { -readonly [Key in keyof NotifySettings]: NotifySettings[Key] };
  /** Default for scripts without a user of their own. */
  readonly runAs?: RunAs;
}

interface Tracked {
  readonly name: Word;
  readonly weight?: number;
  readonly reverse?: boolean;
}

/** `NAME [weight N [reverse]]`, one or several on a line. */
function readTracked(statement: Statement, most: number, problems: Reason[]): Tracked[] {
  const found: Tracked[] = [];
  const words = [...statement.words];
  for (let name = words.shift(); name !== undefined; name = words.shift()) {
    if (words[0]?.text !== "weight") {
      found.push({ name });
      continue;
    }
    const [keyword, value] = words.splice(0, 2);
    const weight = /^[+-]?\d{1,3}$/.test(value?.text ?? "") ? Number(value?.text) : Number.NaN;
    const direction = ["reverse", "noreverse", "no_reverse"].includes(words[0]?.text ?? "") ? words.shift() : undefined;
    if (Math.abs(weight) <= most) {
      found.push({ name, weight, ...(direction === undefined ? {} : { reverse: direction.text === "reverse" }) });
    } else if (keyword !== undefined) {
      const needs = `a whole number from -${most} to ${most}`;
      const data = { word: "weight", needs, example: `${name.text} weight -20` };
      problems.push(reason(configReasons, "VIP_CONF_VALUE", data, (value ?? keyword).at));
    }
  }
  return found;
}

/** A file, a process and a script of one name are different things: the model has one list of checks. */
export const CHECK_KINDS = { script: "", file: "file ", process: "process " } as const;

function trackHandler(prefix: string, most: number) {
  return (statement: Statement, draft: TrackDraft, problems: Reason[]): void => {
    for (const line of blockOf(statement, problems)) {
      for (const { name, reverse, weight } of readTracked(line, most, problems)) {
        const direction = reverse === undefined ? {} : { reverse };
        const own = weight === undefined ? {} : { weight };
        draft.tracks.push({ check: `${prefix}${name.text}`, at: name.at, ...own, ...direction });
      }
    }
  };
}

/** A command in one quoted word or in several: no shell reads it. */
export function splitCommand(words: readonly Word[]): string[] {
  const [first, ...rest] = words;
  if (first === undefined) return [];
  // Quoted words behind the first one are arguments of their own.
  if (rest.length > 0) return words.map((word) => word.text);
  return splitCommandText(first.text);
}

/** `notify_master COMMAND [USER [GROUP]]`: a quoted command, or one word without arguments. */
export function readScriptWords(
  statement: Statement,
  runAs: RunAs | undefined,
  problems: Reason[],
): NotifyScript | undefined {
  surplus(statement, 4, problems);
  if (readText(statement, '"/usr/local/bin/notify.sh"', problems) === undefined) return undefined;
  const [, command, user, group] = statement.words;
  if (command === undefined) return undefined;
  const named = user === undefined ? runAs : { user: user.text, ...(group === undefined ? {} : { group: group.text }) };
  return { argv: splitCommandText(command.text), at: command.at, ...(named === undefined ? {} : { runAs: named }) };
}

function notifyHandler(key: Exclude<keyof NotifySettings, "priorityChanges">) {
  return (statement: Statement, draft: TrackDraft, problems: Reason[]): void => {
    const script = readScriptWords(statement, draft.runAs, problems);
    if (script !== undefined) draft.notify[key] = script;
  };
}

export const MAIL = "ha-vip sends no mail; hook a script or the metrics to your alerting";

export const trackHandlers: Handlers<TrackDraft> = {
  track_script: trackHandler(CHECK_KINDS.script, 253),
  track_file: trackHandler(CHECK_KINDS.file, 254),
  track_process: trackHandler(CHECK_KINDS.process, 254),
  track_interface(statement, draft, problems) {
    for (const line of blockOf(statement, problems)) {
      for (const { name, reverse = false, weight = 0 } of readTracked(line, 253, problems)) {
        draft.devices.push({ device: name.text, weight, reverse });
      }
    }
  },
  track_bfd: unsupported("BFD as a check of an address isn't there yet"),
  notify: notifyHandler("any"),
  notify_master: notifyHandler("master"),
  notify_backup: notifyHandler("backup"),
  notify_fault: notifyHandler("fault"),
  notify_stop: notifyHandler("stop"),
  notify_deleted: notifyHandler("deleted"),
  notify_master_rx_lower_pri: notifyHandler("lowerPriority"),
  notify_priority_changes(statement, draft, problems) {
    draft.notify.priorityChanges = readSwitch(statement, problems);
  },
  smtp_alert: ignored(MAIL),
};
