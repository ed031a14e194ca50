/** What a tracked file says, through the files of a real folder. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prepareCheck } from "./check-runner.ts";

const folder = mkdtempSync(join(tmpdir(), "ha-vip-file-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a tracked file", () => {
  const cases: readonly (readonly [string, string | undefined, boolean, number | undefined])[] = [
    ["that isn't there is 0, as with keepalived", undefined, true, 0],
    ["that is empty is 0", "", true, 0],
    ["that holds 0 passes", "0\n", true, 0],
    ["that holds a number has that value", "-12 and more\n", false, -12],
    ["that holds no number fails", "many\n", false, undefined],
  ];
  for (const [index, [name, text, passed, value]] of cases.entries()) {
    test(name, async () => {
      const path = join(folder, String(index));
      if (text !== undefined) writeFileSync(path, text);
      const result = await prepareCheck({ kind: "file", path })(1000);
      expect(result.passed).toBe(passed);
      expect(result.value).toBe(value);
    });
  }

  test("that can't be read fails", async () => {
    const result = await prepareCheck({ kind: "file", path: folder })(1000);
    expect(result.passed).toBe(false);
    expect(result.value).toBeUndefined();
  });
});
