import { afterAll, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readWitnessKey } from "./witness-key.ts";

const directory = mkdtempSync(join(tmpdir(), "witness-key-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const cases: readonly (readonly [string, string | null, number, string])[] = [
  ["a secret for its owner alone", "0123456789abcdef", 0o600, "read"],
  ["no file", null, 0o600, "VIP_CONF_UNREADABLE"],
  ["open to the group", "0123456789abcdef", 0o640, "VIP_CONF_KEY_OPEN"],
  ["open to all", "0123456789abcdef", 0o604, "VIP_CONF_KEY_OPEN"],
  ["too short", "0123456789abcde", 0o600, "VIP_CONF_KEY_SHORT"],
];

for (const [name, text, mode, expected] of cases) {
  test(`${name}: ${expected}`, () => {
    const path = join(directory, name);
    if (text !== null) {
      writeFileSync(path, text);
      chmodSync(path, mode);
    }
    const key = readWitnessKey(path);
    expect(Buffer.isBuffer(key) ? "read" : key.code).toBe(expected);
  });
}
