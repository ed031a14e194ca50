/**
 * keepalived's text form: lines of words, `{` and `}` around blocks, `!` and `#` comments, quoted words
 * (keepalived.conf(5)). The result keeps the place of every word.
 */
import { type Reason, reason } from "../../../shared/reason/catalogue.ts";
import type { Position } from "../../../shared/text/position.ts";
import { configReasons } from "../model/config-reasons.ts";
import { type LineOptions, LineReader, type SourceLine, withoutStandIns } from "./source-lines.ts";

export interface Word {
  readonly text: string;
  readonly at: Position;
  readonly quoted: boolean;
}

/** One line: its words, and the lines of its block when it opens one. */
export interface Statement {
  readonly words: readonly [Word, ...Word[]];
  readonly block?: readonly Statement[];
}

/** Real files have a few levels; more is a mistake or an attack on the stack. */
const DEEPEST_BLOCK = 16;

interface OpenBlock {
  readonly statements: Statement[];
  readonly opener?: Word;
}

/** A parameter that nothing was put in for: its braces are no block. */
const PARAMETER = /\$\{([^{}]*)\}/;

/** The end of a word without quotes: a brace ends it and is a word of its own, but not that of a parameter. */
function endOfPlain(text: string, start: number): number {
  let end = start;
  if (/[{}]/.test(text[start] ?? "")) return start + 1;
  while (end < text.length && !/[\s{}"]/.test(text[end] ?? "")) {
    const close = text[end] === "$" && text[end + 1] === "{" ? text.indexOf("}", end) : -1;
    end = close < 0 ? end + 1 : close + 1;
  }
  return end;
}

function splitLine({ file, line, replaced, text }: SourceLine, problems: Reason[]): Word[] {
  const words: Word[] = [];
  let index = 0;
  while (index < text.length) {
    const letter = text[index] ?? "";
    if (/\s/.test(letter)) {
      index += 1;
      continue;
    }
    if (letter === "#" || letter === "!") break;
    const at = { file, line, column: replaced ? 1 : index + 1 };
    if (letter === '"' || letter === "'") {
      let end = index + 1;
      while (end < text.length && text[end] !== letter) end += text[end] === "\\" ? 2 : 1;
      if (end >= text.length) {
        problems.push(reason(configReasons, "VIP_CONF_QUOTE", {}, { ...at, length: text.length - index }));
        break;
      }
      const inside = text.slice(index + 1, end).replaceAll(/\\(["'\\])/g, "$1");
      words.push({ text: withoutStandIns(inside), at: { ...at, length: end - index + 1 }, quoted: true });
      index = end + 1;
      continue;
    }
    const end = endOfPlain(text, index);
    const word = text.slice(index, end);
    const unknown = PARAMETER.exec(word);
    if (unknown !== null) {
      const name = unknown[1] ?? "";
      problems.push(reason(configReasons, "VIP_CONF_PARAMETER", { name }, { ...at, length: end - index }));
    }
    words.push({ text: withoutStandIns(word), at: { ...at, length: end - index }, quoted: false });
    index = end;
  }
  return words;
}

/** Ends a statement: a line without words is nothing, and a block's statement was added when it opened. */
function flush(pending: Word[], into: Statement[]): void {
  const [first, ...rest] = pending;
  if (first !== undefined) into.push({ words: [first, ...rest] });
  pending.length = 0;
}

function openBlock(stack: OpenBlock[], pending: Word[], brace: Word, problems: Reason[]): void {
  const top = stack.at(-1);
  const [first, ...rest] = pending;
  pending.length = 0;
  const block: Statement[] = [];
  if (first === undefined) {
    // The brace may stand on a line of its own, after the line that names the block.
    const last = top?.statements.pop();
    if (last === undefined || last.block !== undefined) {
      problems.push(reason(configReasons, "VIP_CONF_BRACE_OPEN", {}, brace.at));
    } else top?.statements.push({ words: last.words, block });
  } else top?.statements.push({ words: [first, ...rest], block });
  if (stack.length > DEEPEST_BLOCK)
    problems.push(reason(configReasons, "VIP_CONF_DEEP", { most: DEEPEST_BLOCK }, brace.at));
  stack.push({ statements: block, opener: first ?? brace });
}

/** Reads a whole text. Problems are added to the list; what could be read is returned all the same. */
export function readBlocks(
  file: string,
  text: string,
  problems: Reason[],
  options: LineOptions = {},
): readonly Statement[] {
  const root: Statement[] = [];
  const stack: OpenBlock[] = [{ statements: root }];
  const pending: Word[] = [];
  for (const line of new LineReader(options, problems).read(file, text)) {
    for (const word of splitLine(line, problems)) {
      if (word.quoted || (word.text !== "{" && word.text !== "}")) pending.push(word);
      else if (word.text === "{") openBlock(stack, pending, word, problems);
      else {
        flush(pending, stack.at(-1)?.statements ?? root);
        if (stack.length > 1) stack.pop();
        else problems.push(reason(configReasons, "VIP_CONF_BRACE_CLOSE", {}, word.at));
      }
    }
    flush(pending, stack.at(-1)?.statements ?? root);
    if (stack.length > DEEPEST_BLOCK + 1) return root;
  }
  for (const open of stack.slice(1)) {
    const at = open.opener?.at;
    problems.push(reason(configReasons, "VIP_CONF_BRACE_MISSING", { name: open.opener?.text ?? "{" }, at));
  }
  return root;
}
