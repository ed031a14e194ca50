import { expect, test } from "bun:test";
import { REDACTED } from "../text/redact.ts";
import { argvSource } from "./argv.ts";

test("a command line is quoted as a shell would need it, without its secrets, and every word is found in it", () => {
  const words = ["stonith", "create", "f1", "passwd=top", "pcmk_host_list=n1 n2", "admin-password=it's", "=x"];
  const line = argvSource("ha-crm", words);
  const { text } = line.source;
  expect(text).toBe(`ha-crm stonith create f1 passwd=${REDACTED} 'pcmk_host_list=n1 n2' admin-password=${REDACTED} =x`);
  const found = words.map((_, index) => {
    const { column, length = 0 } = line.at(index);
    return text.slice(column - 1, column - 1 + length);
  });
  expect(found.slice(2)).toEqual([
    "f1",
    `passwd=${REDACTED}`,
    "'pcmk_host_list=n1 n2'",
    `admin-password=${REDACTED}`,
    "=x",
  ]);
});
