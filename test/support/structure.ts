/**
 * The rules that the code base keeps about itself, checked as text: import directions, purity,
 * sizes, and the one place that may take pointers. Pure: it gets paths and texts and returns violations.
 */
import { dirname, join } from "node:path";

export interface SourceFile {
  /** Path from the root, with `/`. */
  readonly path: string;
  readonly text: string;
}

export const LINES_PER_FILE = 450;
export const LINES_PER_TEST_FILE = 700;
export const LINES_PER_FUNCTION = 72;

/** What each room may import at run time from another room; type-only imports are free. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  text: ["text"],
  reason: ["reason", "text"],
  model: ["model", "reason", "text"],
  config: ["config", "model", "reason", "text"],
  decide: ["decide", "model", "reason", "text"],
  effect: ["effect", "model"],
  sim: ["sim", "effect", "model", "decide", "reason", "text"],
  drive: ["drive", "effect", "model", "reason", "text"],
};

/** Rooms that never touch the outside world. */
const PURE = new Set(["text", "reason", "model", "config", "decide", "sim"]);
const PURE_IMPORT = /^(node:(path|util|assert)(\/.*)?|yaml|zod)$/;
const IMPURE_WORDS = [
  /\bDate\.now\(/,
  /\bnew Date\(\)/,
  /\bMath\.random\(/,
  /\bperformance\.now\(/,
  /\bprocess\./,
  /\bBun\./,
  /\bsetTimeout\(/,
  /\bsetInterval\(/,
  /\bsetImmediate\(/,
  /\bfetch\(/,
  /\bcrypto\.(randomUUID|getRandomValues)\(/,
];

/** The rooms that a byte pump on a hot path may join: the data plane calls decisions directly. */
const DATA_PLANES = ["tools/ha-lb/drive/", "tools/ha-fs/drive/"];

const scanners = {
  ts: new Bun.Transpiler({ loader: "ts" }),
  tsx: new Bun.Transpiler({ loader: "tsx" }),
};

/** The tool that a path belongs to (`ha-vip`, `tui`, `shared`), if any. */
export function ownerOf(path: string): string | undefined {
  const tool = /^tools\/([^/]+)\//.exec(path)?.[1];
  return tool ?? /^(shared|tui|test)\//.exec(path)?.[1];
}

/** The room of a path: the folder right below the tool or `shared`. */
export function roomOf(path: string): string | undefined {
  return /^(?:shared|tui|tools\/[^/]+)\/([^/]+)\//.exec(path)?.[1];
}

export function isTest(path: string): boolean {
  return /\.test\.tsx?$/.test(path);
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/(^|[^:"'`])\/\/.*$/gm, "$1");
}

function checkImport(file: SourceFile, target: string): string[] {
  const problems: string[] = [];
  const room = roomOf(file.path);
  const owner = ownerOf(file.path);
  if (target === "bun:ffi" && !file.path.startsWith("shared/drive/ffi/")) {
    problems.push("imports bun:ffi outside shared/drive/ffi");
  }
  if (!target.startsWith(".")) {
    const pure = room !== undefined && PURE.has(room) && owner !== "test";
    if (pure && !PURE_IMPORT.test(target)) problems.push(`pure room '${room}' imports '${target}'`);
    return problems;
  }
  const to = join(dirname(file.path), target);
  const toOwner = ownerOf(to);
  const toRoom = roomOf(to);
  if (toOwner !== owner && toOwner !== "shared" && owner !== "test") {
    problems.push(`'${owner}' imports '${toOwner}' (${target})`);
  }
  const allowed = room === undefined ? undefined : MAY_IMPORT[room];
  const pump = DATA_PLANES.some((prefix) => file.path.startsWith(prefix)) && toRoom === "decide";
  if (allowed !== undefined && toRoom !== undefined && !allowed.includes(toRoom) && !pump) {
    problems.push(`room '${room}' imports room '${toRoom}' (${target})`);
  }
  return problems;
}

/** Import directions and purity of one file. Tests may import anything; what they test may not. */
export function checkImports(file: SourceFile): string[] {
  if (isTest(file.path) || file.path.startsWith("test/")) return [];
  const scanner = scanners[file.path.endsWith("x") ? "tsx" : "ts"];
  const problems = scanner.scanImports(file.text.replace(/^#!.*/, "")).flatMap(({ path }) => checkImport(file, path));
  const room = roomOf(file.path);
  if (room !== undefined && PURE.has(room)) {
    const code = withoutComments(file.text);
    for (const word of IMPURE_WORDS) {
      const found = word.exec(code);
      if (found !== null) problems.push(`pure room '${room}' spells '${found[0]}'`);
    }
  }
  return problems.map((problem) => `${file.path}: ${problem}`);
}

/** No pointer is taken outside the one FFI module, under whatever name it was imported. */
export function checkPointers(file: SourceFile): string[] {
  if (file.path.startsWith("shared/drive/ffi/") || file.path.startsWith("test/")) return [];
  const code = withoutComments(file.text);
  const found = /\b(bun:ffi|dlopen\(|toArrayBuffer\(|JSCallback\b|CFunction\()/.exec(code);
  return found === null ? [] : [`${file.path}: takes pointers ('${found[0]}') outside shared/drive/ffi`];
}

/** Where a function begins: its name is for the message only. */
const FUNCTION_START =
  /^(\s*)(?:export )?(?:async )?(?:function\*? (\w+)|(?:public |private |protected |static |override |readonly |async |\*)*(?:get |set )?([\w#]+)\([^;]*\)[^;=]*\{$|(?:const|let) (\w+) = (?:async )?\([^;]*=> \{$)/;

/** Functions over the limit, found by indentation: the formatter guarantees that it tells the truth. */
export function checkFunctionSizes(file: SourceFile): string[] {
  if (isTest(file.path)) return [];
  const lines = file.text.split("\n");
  const problems: string[] = [];
  for (let start = 0; start < lines.length; start += 1) {
    const match = FUNCTION_START.exec(lines[start] ?? "");
    if (match === null) continue;
    const name = match[2] ?? match[3] ?? match[4] ?? "?";
    if (["if", "for", "while", "switch", "catch"].includes(name)) continue;
    const indent = match[1] ?? "";
    let end = start + 1;
    while (end < lines.length && !new RegExp(`^${indent}\\}`).test(lines[end] ?? "")) end += 1;
    const size = end - start + 1;
    if (size > LINES_PER_FUNCTION) problems.push(`${file.path}:${start + 1}: function ${name} has ${size} lines`);
  }
  return problems;
}

export function checkFileSize(file: SourceFile): string[] {
  const limit = isTest(file.path) ? LINES_PER_TEST_FILE : LINES_PER_FILE;
  const lines = file.text.split("\n").length - 1;
  return lines > limit ? [`${file.path}: ${lines} lines, more than ${limit}`] : [];
}

/** Habits that a machine sees at once. */
export function checkHabits(file: SourceFile): string[] {
  const problems: string[] = [];
  const code = withoutComments(file.text);
  if (/^export default\b/m.test(code)) problems.push("has a default export");
  if (/\.(only)\(/.test(code) && isTest(file.path)) problems.push("has a test marked .only");
  if (/(^|\/)main\.tsx?$/.test(file.path) && file.text.split("\n").length > 61) problems.push("main is over 60 lines");
  if (!/^[a-z0-9.-]+$/.test(file.path.split("/").at(-1) ?? "")) problems.push("file name is not kebab-case");
  return problems.map((problem) => `${file.path}: ${problem}`);
}

/** All rules over all files: one line a violation, empty when the house is in order. */
export function checkStructure(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => [
    ...checkImports(file),
    ...checkPointers(file),
    ...checkFileSize(file),
    ...checkFunctionSizes(file),
    ...checkHabits(file),
  ]);
}
