import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { md5 } from "./md5.ts";

test("MD5 of texts of all lengths around a block", () => {
  for (const text of ["", "a", "é€𝄞", ...Array.from({ length: 140 }, (_, length) => "x".repeat(length))])
    expect(md5(text)).toBe(createHash("md5").update(text).digest("hex"));
});
