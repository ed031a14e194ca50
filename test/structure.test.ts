import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { checkStructure, LINES_PER_FILE, LINES_PER_FUNCTION, type SourceFile } from "./support/structure.ts";

/** Every file is read, which takes a busy machine its time. */
setDefaultTimeout(120_000);

const root = join(import.meta.dir, "..");

function allFiles(): SourceFile[] {
  const glob = new Bun.Glob("{shared,tools,tui,test}/**/*.{ts,tsx}");
  return [...glob.scanSync({ cwd: root })]
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}

describe("the code base", () => {
  test("keeps its import directions, purity, sizes and habits", () => {
    const files = allFiles();
    expect(files.length).toBeGreaterThan(10);
    expect(checkStructure(files)).toEqual([]);
  });

  test("has the top level of the design and nothing else", () => {
    const fixed = ["package.json", "bunfig.toml", "tools", "tui", "shared", "docs", "test", "README.md"];
    const besides = ["package-lock.json", "tsconfig.json", "LICENSE"];
    const made = ["node_modules", "dist"];
    const found = readdirSync(root).filter((name) => !name.startsWith(".") && !made.includes(name));
    expect(found.filter((name) => ![...fixed, ...besides].includes(name))).toEqual([]);
    expect(fixed.filter((name) => !found.includes(name))).toEqual([]);
  });
});

describe("planted violations are caught", () => {
  const planted: readonly (readonly [string, SourceFile, string])[] = [
    [
      "a decision that imports a driver",
      file("tools/ha-vip/decide/a.ts", 'import { x } from "../drive/x.ts"; x();'),
      "room 'decide' imports room 'drive'",
    ],
    [
      "a driver that imports a decision",
      file("tools/ha-vip/drive/a.ts", 'import { x } from "../decide/x.ts"; x();'),
      "room 'drive' imports room 'decide'",
    ],
    [
      "configuration that decides",
      file("tools/ha-crm/config/a.ts", 'import { x } from "../decide/x.ts"; x();'),
      "room 'config' imports room 'decide'",
    ],
    [
      "a tool that imports another",
      file("tools/ha-vip/commands/a.ts", 'import { x } from "../../ha-lb/model/x.ts"; x();'),
      "'ha-vip' imports 'ha-lb'",
    ],
    [
      "the core that imports a tool",
      file("shared/cli/a.ts", 'import { x } from "../../tools/ha-lb/model/x.ts"; x();'),
      "'shared' imports 'ha-lb'",
    ],
    [
      "the monitor that imports a tool",
      file("tui/a.ts", 'import { x } from "../tools/ha-lb/model/x.ts"; x();'),
      "'tui' imports 'ha-lb'",
    ],
    [
      "pure code that does I/O",
      file("shared/decide/a.ts", 'import { readFileSync } from "node:fs"; readFileSync("x");'),
      "imports 'node:fs'",
    ],
    [
      "pure code that reads a clock",
      file("shared/decide/a.ts", "export const now = () => Date.now();"),
      "spells 'Date.now('",
    ],
    [
      "pure code that throws dice",
      file("shared/sim/a.ts", "export const dice = () => Math.random();"),
      "spells 'Math.random('",
    ],
    ["a timer in the model", file("tools/ha-lb/model/a.ts", "setTimeout(() => 1, 2);"), "spells 'setTimeout('"],
    [
      "pointers outside the FFI module",
      file("tools/ha-fs/drive/a.ts", 'import { ptr } from "bun:ffi"; ptr(new Uint8Array(1));'),
      "bun:ffi outside",
    ],
    [
      "pointers through a dynamic import",
      file("tools/ha-fs/drive/a.ts", 'const ffi = await import("bun:ffi");'),
      "takes pointers",
    ],
    ["a file that is too long", file("shared/cli/a.ts", "work();\n".repeat(LINES_PER_FILE + 1)), "more than"],
    [
      "a function that is too long",
      file("shared/cli/a.ts", `export function long() {\n${"  work();\n".repeat(LINES_PER_FUNCTION)}}\n`),
      "function long",
    ],
    [
      "a method that is too long",
      file("shared/cli/a.ts", `class A {\n  work(): void {\n${"    work();\n".repeat(LINES_PER_FUNCTION)}  }\n}\n`),
      "function work",
    ],
    [
      "an arrow function that is too long",
      file("shared/cli/a.ts", `export const long = () => {\n${"  work();\n".repeat(LINES_PER_FUNCTION)}};\n`),
      "function long",
    ],
    ["a default export", file("shared/cli/a.ts", "export default 1;"), "default export"],
    ["a main file that does the work", file("tools/ha-vip/main.ts", "work();\n".repeat(62)), "main is over"],
    ["a camel-case file name", file("shared/cli/aFile.ts", "work();"), "kebab-case"],
  ];
  for (const [name, violation, expected] of planted) {
    test(name, () => expect(checkStructure([violation]).join("\n")).toContain(expected));
  }

  test("type-only imports are free, and comments may name anything", () => {
    const text = 'import type { X } from "../drive/x.ts";\n// Date.now() is for the driver\nexport type Y = X;\n';
    expect(checkStructure([file("tools/ha-vip/decide/a.ts", text)])).toEqual([]);
  });
});

function file(path: string, text: string): SourceFile {
  return { path, text };
}
