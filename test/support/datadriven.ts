import { expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

/**
 * Tests as data files, for every part of the product. A file is a list of blocks:
 *
 *     # a comment, kept when the file is rewritten
 *     command word name=value flag other=(one, two)
 *     any lines of input
 *     ----
 *     the expected output, up to the next empty line
 *
 * When the output has empty lines in it, it stands between doubled marks:
 *
 *     command
 *     ----
 *     ----
 *     first
 *
 *     second
 *     ----
 *     ----
 *
 * `runDataFiles(directory, handler)` makes one test of every `*.txt` file. The handler gets a block and returns its
 * output; blocks of a file run in order, so a handler made per file (`() => handler`) can keep state between them.
 * `REWRITE=1 bun test …` writes the output that came into the files: read the diff before you commit it.
 */
export interface DataBlock {
  readonly command: string;
  /** Words after the command without `=`. */
  readonly words: readonly string[];
  /** `name=value` after the command; `(a, b)` is a list; always a list here, mostly of one. */
  readonly options: ReadonlyMap<string, readonly string[]>;
  readonly input: string;
  readonly expected: string;
  /** For messages: `file:line`. */
  readonly place: string;
}

export type DataHandler = (block: DataBlock) => string | Promise<string>;

type Piece =
  | { readonly kind: "text"; readonly line: string }
  | { readonly kind: "block"; readonly block: DataBlock; readonly head: readonly string[] };

/** The value of `name=value`, or undefined. */
export function option(block: DataBlock, name: string): string | undefined {
  return block.options.get(name)?.[0];
}

/** The value of `name=value` as a number; throws when it isn't one. */
export function numberOption(block: DataBlock, name: string, otherwise?: number): number {
  const text = option(block, name);
  if (text === undefined && otherwise !== undefined) return otherwise;
  const value = Number(text);
  if (text === undefined || !Number.isFinite(value)) throw new Error(`${block.place}: ${name}=NUMBER is needed`);
  return value;
}

function parseHead(head: string): Pick<DataBlock, "command" | "words" | "options"> {
  const words: string[] = [];
  const options = new Map<string, readonly string[]>();
  const parts = head.match(/[^\s=()]+=\([^)]*\)|[^\s=]+="[^"]*"|"[^"]*"|\S+/g) ?? [];
  for (const part of parts) {
    const equals = part.startsWith('"') ? -1 : part.indexOf("=");
    if (equals <= 0) words.push(part.replace(/^"(.*)"$/, "$1"));
    else {
      const value = part.slice(equals + 1);
      const list = /^\((.*)\)$/.exec(value);
      const values =
        list === null ? [value.replace(/^"(.*)"$/, "$1")] : (list[1] ?? "").split(",").map((item) => item.trim());
      options.set(
        part.slice(0, equals),
        values.filter((item, index) => item !== "" || index === 0),
      );
    }
  }
  return { command: words[0] ?? "", words: words.slice(1), options };
}

/** Reads a data file. Exported for its own test. */
export function parseDataFile(text: string, file: string): readonly Piece[] {
  const lines = text.replace(/\n$/, "").split("\n");
  const pieces: Piece[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at] ?? "";
    if (line.trim() === "" || line.startsWith("#")) {
      pieces.push({ kind: "text", line });
      at += 1;
      continue;
    }
    const start = at;
    while (at < lines.length && lines[at] !== "----") at += 1;
    if (at === lines.length) throw new Error(`${file}:${start + 1}: this block has no ---- line`);
    const head = lines.slice(start, at);
    at += 1;
    const doubled = lines[at] === "----";
    const from = doubled ? at + 1 : at;
    const endsHere = (index: number) =>
      doubled ? lines[index] === "----" && lines[index + 1] === "----" : lines[index] === "";
    at = from;
    while (at < lines.length && !endsHere(at)) at += 1;
    const expected = lines.slice(from, at).join("\n");
    if (doubled) at += 2;
    const block = {
      ...parseHead(line),
      input: head.slice(1).join("\n"),
      expected,
      place: `${basename(file)}:${start + 1}`,
    };
    pieces.push({ kind: "block", block, head });
  }
  return pieces;
}

function printBlock(head: readonly string[], output: string): string {
  const doubled = /(^|\n)(\n|$)/.test(output) && output !== "";
  const body = output === "" ? [] : [output];
  return [...head, "----", ...(doubled ? ["----"] : []), ...body, ...(doubled ? ["----", "----"] : [])].join("\n");
}

/** Trailing blanks don't count: editors remove them from the files. */
function tidy(output: string): string {
  return output.replace(/[ \t]+$/gm, "").replace(/\n+$/, "");
}

/** Runs one file: compares every block, or rewrites the file when REWRITE is set. */
export async function runDataFile(path: string, handler: DataHandler): Promise<void> {
  const pieces = parseDataFile(readFileSync(path, "utf8"), path);
  const rewrite = process.env["REWRITE"] !== undefined && process.env["REWRITE"] !== "";
  const printed: string[] = [];
  const got: string[] = [];
  const wanted: string[] = [];
  for (const piece of pieces) {
    if (piece.kind === "text") {
      printed.push(piece.line);
      continue;
    }
    const output = tidy(await handler(piece.block));
    printed.push(printBlock(piece.head, output));
    const label = `${piece.block.place} ${piece.head[0] ?? ""}`;
    got.push(label, output, "");
    wanted.push(label, tidy(piece.block.expected), "");
  }
  if (rewrite) writeFileSync(path, `${printed.join("\n")}\n`);
  else expect(got.join("\n")).toBe(wanted.join("\n"));
}

/**
 * One test per `*.txt` file of a directory.
 * @param makeHandler called once per file, so that state never leaks from one file into another
 */
export function runDataFiles(directory: string, makeHandler: (file: string) => DataHandler): void {
  const files = readdirSync(directory).filter((name) => name.endsWith(".txt"));
  if (files.length === 0) throw new Error(`${directory} has no *.txt data files`);
  for (const name of files.toSorted()) {
    test(`${basename(directory)}/${name}`, async () => {
      await runDataFile(join(directory, name), makeHandler(name));
    });
  }
}
