/** The page with the figures, of which this benchmark writes one part. */
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";

const PAGE = join(import.meta.dir, "..", "..", "..", "docs", "bench-vip.md");
const BEGIN = "<!-- figures -->";
const END = "<!-- end of figures -->";

/** Lines that say what was measured on what, and when. */
export function describeMachine(versions: readonly string[]): readonly string[] {
  const all = cpus();
  const memory = `${(totalmem() / 2 ** 30).toFixed(0)} GiB`;
  return [
    `${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC`,
    `${all[0]?.model ?? "unknown processor"}, ${all.length} cores, ${memory}, Linux ${release()}, Bun ${Bun.version}`,
    ...versions,
  ];
}

/** Puts the figures into their part of the page. Throws when the page has no such part. */
export function writeFigures(machine: readonly string[], table: string, repetitions: number): void {
  const text = readFileSync(PAGE, "utf8");
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${PAGE} has no part for figures`);
  const head = machine.map((line) => (line === "" ? "" : `- ${line}`)).join("\n");
  const note = `Median / 95 % / worst of ${repetitions} repetitions. Ratio: keepalived's median to ours.`;
  const part = `${BEGIN}\n${head}\n${note}\n\n${table}\n`;
  writeFileSync(PAGE, text.slice(0, begin) + part + text.slice(end));
}
