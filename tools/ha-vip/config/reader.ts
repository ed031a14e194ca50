/** Reading the values of statements: every mistake is noted with its place, and reading goes on. */
import { type Reason, reason } from "../../../shared/reason/catalogue.ts";
import { hint } from "../../../shared/text/did-you-mean.ts";
import { parseDuration } from "../../../shared/text/duration.ts";
import { type IpPrefix, parsePrefix } from "../../../shared/text/prefix.ts";
import { type IpAddress, parseAddress } from "../../../shared/text/address.ts";
import { configReasons } from "../model/config-reasons.ts";
import type { Statement, Word } from "./block-text.ts";

/** What to do with one setting of a block. */
export type Handler<Draft> = (statement: Statement, draft: Draft, problems: Reason[]) => void;
export type Handlers<Draft> = Readonly<Record<string, Handler<Draft>>>;

/** Settings that add up when they are repeated. */
const REPEATABLE: ReadonlySet<string> = new Set(["notify_fifo", "vrrp_notify_fifo"]);

/** Hands each statement to its handler; unknown settings are errors with the nearest known name. */
export function readStatements<Draft>(
  statements: readonly Statement[],
  handlers: Handlers<Draft>,
  draft: Draft,
  where: string,
  problems: Reason[],
): void {
  const said = new Map<string, Word>();
  for (const statement of statements) {
    const [word] = statement.words;
    const handler = Object.hasOwn(handlers, word.text) ? handlers[word.text] : undefined;
    if (handler !== undefined) {
      const before = problems.length;
      handler(statement, draft, problems);
      // The last of several counts, as with keepalived; lists in blocks add up, and what was told of is told of once.
      if (statement.block !== undefined || problems.length > before || REPEATABLE.has(word.text)) continue;
      const first = said.get(word.text);
      if (first !== undefined) {
        const because = `it is said again in line ${word.at.line}`;
        problems.push(reason(configReasons, "VIP_CONF_IGNORED", { word: word.text, because }, first.at));
      }
      said.set(word.text, word);
    } else {
      const near = hint(word.text, Object.keys(handlers));
      problems.push(reason(configReasons, "VIP_CONF_UNKNOWN", { where, word: word.text, hint: near }, word.at));
    }
  }
}

/** A value that a word must have; the problem names an example that works. */
function wrong(statement: Statement, needs: string, example: string, problems: Reason[], word?: Word): undefined {
  const [keyword] = statement.words;
  const at = (word ?? keyword).at;
  problems.push(
    reason(configReasons, "VIP_CONF_VALUE", { word: keyword.text, needs, example: `${keyword.text} ${example}` }, at),
  );
  return undefined;
}

/** Words behind all that a setting takes: said, because the one who wrote them expects something of them. */
export function surplus(statement: Statement, takes: number, problems: Reason[]): void {
  const because = `${statement.words[0].text} takes ${takes === 1 ? "no value" : "nothing more"}`;
  for (const { at, text } of statement.words.slice(takes)) {
    problems.push(reason(configReasons, "VIP_CONF_IGNORED", { word: text, because }, at));
  }
}

/** The one value of a setting. */
export function readOne(statement: Statement, example: string, problems: Reason[]): string | undefined {
  surplus(statement, 2, problems);
  return readText(statement, example, problems);
}

export function readText(statement: Statement, example: string, problems: Reason[]): string | undefined {
  return statement.words[1]?.text ?? wrong(statement, "a value", example, problems);
}

/** @param takes how many words the setting has at most, with its name */
export function readWhole(
  statement: Statement,
  least: number,
  most: number,
  problems: Reason[],
  takes = 2,
): number | undefined {
  surplus(statement, takes, problems);
  const word = statement.words[1];
  const value = word !== undefined && /^[+-]?\d+$/.test(word.text) ? Number(word.text) : Number.NaN;
  if (value >= least && value <= most) return value;
  return wrong(statement, `a whole number from ${least} to ${most}`, String(Math.max(least, 1)), problems, word);
}

/** Seconds with decimals, as keepalived writes times; `100ms` and `2s` work too. @returns ms */
export function readSeconds(
  statement: Statement,
  leastMs: number,
  mostMs: number,
  problems: Reason[],
): number | undefined {
  surplus(statement, 2, problems);
  const word = statement.words[1];
  const read = word === undefined ? undefined : parseDuration(word.text, { bareUnit: "s" });
  if (read?.ok === true && read.value >= leastMs && read.value <= mostMs) return read.value;
  return wrong(
    statement,
    `a time from ${leastMs / 1000} to ${mostMs / 1000} seconds`,
    String(Math.max(1, leastMs / 1000)),
    problems,
    word,
  );
}

const TRUE = new Set(["true", "on", "yes"]);
const FALSE = new Set(["false", "off", "no"]);

/** `preempt` alone means yes. */
export function readSwitch(statement: Statement, problems: Reason[]): boolean {
  surplus(statement, 2, problems);
  const word = statement.words[1];
  if (word === undefined || TRUE.has(word.text.toLowerCase())) return true;
  if (FALSE.has(word.text.toLowerCase())) return false;
  wrong(statement, "on or off", "on", problems, word);
  return false;
}

export function readAddress(word: Word, problems: Reason[]): IpAddress | undefined {
  const read = parseAddress(word.text, word.at);
  if (read.ok) return read.value;
  problems.push(read.problem);
  return undefined;
}

export function readPrefix(word: Word, problems: Reason[]): IpPrefix | undefined {
  const read = parsePrefix(word.text, { at: word.at });
  if (read.ok) return read.value;
  problems.push(read.problem);
  return undefined;
}

/** The lines of a block, or of the rest of the line: `track_script { a b }` and one name a line are the same. */
export function blockOf(
  statement: Statement,
  problems: Reason[],
  named: "named" | "plain" = "plain",
): readonly Statement[] {
  surplus(statement, named === "named" ? 2 : 1, problems);
  if (statement.block !== undefined) return statement.block;
  const [word] = statement.words;
  problems.push(reason(configReasons, "VIP_CONF_NEEDS_BLOCK", { word: word.text }, word.at));
  return [];
}

/** A setting that ha-vip doesn't have: an error, because leaving it out silently would change what happens. */
export function unsupported<Draft>(because: string): Handler<Draft> {
  return (statement, _draft, problems) => {
    const [word] = statement.words;
    problems.push(reason(configReasons, "VIP_CONF_UNSUPPORTED", { word: word.text, because }, word.at));
  };
}

/** A setting that may be left out without harm: said, and not silent. */
export function ignored<Draft>(because: string): Handler<Draft> {
  return (statement, _draft, problems) => {
    const [word] = statement.words;
    problems.push(reason(configReasons, "VIP_CONF_IGNORED", { word: word.text, because }, word.at));
  };
}

/** Whether a reason stops the configuration from being used. */
export function isError(fact: Reason): boolean {
  const entry = Object.hasOwn(configReasons, fact.code)
    ? configReasons[fact.code as keyof typeof configReasons]
    : undefined;
  return entry === undefined || entry.severity === "error";
}
