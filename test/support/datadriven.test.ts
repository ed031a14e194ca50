import { describe as group, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { numberOption, option, parseDataFile, runDataFile, type DataBlock } from "./datadriven.ts";

const FILE = `# a comment

put key=a value="one two" list=(x, y) flag "two words"
first line

third line
----
done

get key=a
----
----
one

two
----
----
# the end
`;

function blocks(text: string): DataBlock[] {
  return parseDataFile(text, "f.txt").flatMap((piece) => (piece.kind === "block" ? [piece.block] : []));
}

group("data files", () => {
  test("are read into blocks", () => {
    const [put, get] = blocks(FILE);
    if (put === undefined || get === undefined) throw new Error("two blocks were expected");
    expect([put.command, put.words, put.input, put.expected, put.place]).toEqual([
      "put",
      ["flag", "two words"],
      "first line\n\nthird line",
      "done",
      "f.txt:3",
    ]);
    expect([option(put, "value"), put.options.get("list"), option(put, "none")]).toEqual([
      "one two",
      ["x", "y"],
      undefined,
    ]);
    expect([get.expected, numberOption(get, "none", 7)]).toEqual(["one\n\ntwo", 7]);
    expect(() => numberOption(get, "key")).toThrow("f.txt:10: key=NUMBER is needed");
    expect(() => blocks("put\nno end")).toThrow("f.txt:1");
  });

  test("compare, and rewrite what has changed and nothing else", async () => {
    const directory = mkdtempSync(join(tmpdir(), "data-"));
    const path = join(directory, "f.txt");
    const before = process.env["REWRITE"];
    try {
      writeFileSync(path, FILE);
      delete process.env["REWRITE"];
      await runDataFile(path, (block) => block.expected);
      const failed = await runDataFile(path, () => "other").then(
        () => false,
        () => true,
      );
      expect(failed).toBe(true);
      process.env["REWRITE"] = "1";
      await runDataFile(path, (block) => block.expected);
      expect(readFileSync(path, "utf8")).toBe(FILE);
      await runDataFile(path, (block) => (block.command === "put" ? "new  \n\nlines\n" : ""));
      expect(readFileSync(path, "utf8")).toBe(
        FILE.replace("----\ndone\n", "----\n----\nnew\n\nlines\n----\n----\n").replace(
          "----\n----\none\n\ntwo\n----\n----\n",
          "----\n",
        ),
      );
    } finally {
      if (before === undefined) delete process.env["REWRITE"];
      else process.env["REWRITE"] = before;
      rmSync(directory, { recursive: true });
    }
  });
});
