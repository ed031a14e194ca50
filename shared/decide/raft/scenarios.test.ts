import { expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RaftHarness } from "./harness.ts";

/**
 * Scenarios as data files: `> command`, and below it what came of it. With REWRITE=1 the files are written anew from what the
 * code does now; the difference is for a person to read.
 */
const directory = join(import.meta.dir, "../../../test/cases/core/raft");

function play(text: string): string {
  const harness = new RaftHarness();
  const out: string[] = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("#") || line === "") out.push(line);
    else if (line.startsWith("> ")) out.push(line, harness.run(line.slice(2)));
  }
  return `${out.join("\n").trimEnd()}\n`;
}

for (const name of readdirSync(directory).filter((file) => file.endsWith(".txt"))) {
  test(name, () => {
    const path = join(directory, name);
    const text = readFileSync(path, "utf8");
    const played = play(text);
    if (process.env["REWRITE"] === "1") writeFileSync(path, played);
    else expect(played).toBe(text);
  });
}
