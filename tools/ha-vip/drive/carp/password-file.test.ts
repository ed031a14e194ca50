import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readPasswordFile } from "./password-file.ts";

describe("a password file", () => {
  const folder = mkdtempSync(join(tmpdir(), "password-file-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  function read(content: string, mode = 0o600): string {
    const path = join(folder, "word");
    writeFileSync(path, content);
    chmodSync(path, mode);
    const result = readPasswordFile(path, 20);
    return typeof result === "string" ? result : `= ${new TextDecoder().decode(result)}`;
  }

  test("has the secret in its first line, whatever ends that", () => {
    expect(read("open sesame")).toBe("= open sesame");
    expect(read("open sesame\r\nsecond\n")).toBe("= open sesame");
  });

  test.each([
    ["others may read", "x", 0o640, "others may read"],
    ["is empty", "\nx", 0o600, "is empty"],
    ["is too long", "x".repeat(21), 0o600, "21 bytes"],
    ["is far too long", "y".repeat(100_000), 0o600, "bytes; 20 are the most"],
  ])("that %s is refused, without a word of it", (_name, content, mode, expected) => {
    const told = read(content, mode);
    expect(told).toContain(expected);
    expect(told).not.toContain("yyy");
  });

  test("that isn't there is refused", () => {
    expect(readPasswordFile(join(folder, "none"), 20)).toContain("ENOENT");
  });
});
