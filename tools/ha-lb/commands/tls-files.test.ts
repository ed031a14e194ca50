import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfiguration } from "./check-load.ts";

test("certificates that a listener couldn't show are told at once, each with its file", () => {
  const folder = mkdtempSync(join(tmpdir(), "lb-tls-files-"));
  try {
    for (const name of ["a.pem", "b.pem", "c.pem.rsa", "c.pem.ecdsa"])
      writeFileSync(join(folder, name), "no certificate");
    writeFileSync(join(folder, "list"), "a.pem\n");
    const file = join(folder, "haproxy.cfg");
    writeFileSync(
      file,
      `global\n crt-base ${folder}\nfrontend f\n bind :80 ssl crt a.pem crt b.pem crt c.pem crt-list ${folder}/list\n`,
    );
    const { result } = loadConfiguration({ paths: [file], environment: {} });
    const told = result.ok ? [] : result.problems.map(({ code, data }) => [code, data]);
    const paths = told.flatMap(([code, data]) => (code === "LB_FILE_UNREADABLE" ? [Object(data).path] : []));
    expect(paths.map((path) => String(path).replace(`${folder}/`, ""))).toEqual([
      "a.pem",
      "b.pem",
      "c.pem.ecdsa",
      "c.pem.rsa",
      "a.pem",
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
