import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { option, type DataBlock } from "../support/datadriven.ts";
import { baseText, changedLines, normalLines, splitWords } from "./pcs-cases.ts";

/** Carries the lines of one block out with Debian's pcs, on a copy of the base. */
export async function askPcs(block: DataBlock): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "crm-pcs-"));
  try {
    const file = join(folder, "cib.xml");
    const base = baseText(option(block, "base") ?? "empty");
    writeFileSync(file, base);
    const refused: string[] = [];
    for (const [index, line] of block.input.split("\n").entries()) {
      const child = Bun.spawn(["pcs", "-f", file, ...splitWords(line)], {
        stdout: "ignore",
        stderr: "ignore",
        stdin: "ignore",
        env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: folder, LANG: "C.UTF-8" },
      });
      if ((await child.exited) !== 0) refused.push(`refused line ${index + 1}`);
    }
    const changed = changedLines(normalLines(base), normalLines(readFileSync(file, "utf8")));
    return [...refused, changed === "" && refused.length === 0 ? "no change" : changed]
      .filter((one) => one !== "")
      .join("\n");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
