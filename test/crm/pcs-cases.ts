import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseXml, type XmlElement } from "../../tools/ha-crm/config/xml.ts";

/** Where the tables of commands are, with what each changes. */
export const PCS_CASES = join(import.meta.dir, "../cases/crm/pcs");

export function baseText(name: string): string {
  return readFileSync(join(PCS_CASES, "bases", `${name}.xml`), "utf8");
}

/** Words of one line as a shell would split them: blanks, and quotes of both kinds. */
export function splitWords(line: string): readonly string[] {
  const found = line.match(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g) ?? [];
  return found.map((word) =>
    word.replace(/'([^']*)'|"([^"]*)"/g, (_whole, one?: string, two?: string) => one ?? two ?? ""),
  );
}

function writeElement(element: XmlElement, depth: number, lines: string[]): void {
  const attributes = [...element.attributes].toSorted(([left], [right]) => (left < right ? -1 : 1));
  // The root counts versions, which say nothing about the configuration.
  const shown = depth === 0 ? [] : attributes.map(([name, value]) => ` ${name}="${value}"`);
  lines.push(`${"  ".repeat(depth)}${element.name}${shown.join("")}`);
  for (const child of element.children) writeElement(child, depth + 1, lines);
}

/** One line for each element, attributes sorted: two CIBs that mean the same have the same lines. */
export function normalLines(xml: string): readonly string[] {
  const parsed = parseXml("cib", xml);
  if (!parsed.ok) throw new Error(`no XML: ${JSON.stringify(parsed.problems)}`);
  const lines: string[] = [];
  writeElement(parsed.value.root, 0, lines);
  return lines;
}

/** What changed, as `+` and `-` lines, each run of them after the unchanged line that it follows. */
export function changedLines(before: readonly string[], after: readonly string[]): string {
  const longest: number[][] = Array.from({ length: before.length + 1 }, () => Array<number>(after.length + 1).fill(0));
  const at = (left: number, right: number) => longest[left]?.[right] ?? 0;
  for (let left = before.length - 1; left >= 0; left -= 1) {
    for (let right = after.length - 1; right >= 0; right -= 1) {
      const same = before[left] === after[right];
      const row = longest[left];
      if (row !== undefined)
        row[right] = same ? at(left + 1, right + 1) + 1 : Math.max(at(left + 1, right), at(left, right + 1));
    }
  }
  const lines: string[] = [];
  let [left, right] = [0, 0];
  let context: string | undefined;
  const change = (line: string) => {
    if (context !== undefined) lines.push(context);
    context = undefined;
    lines.push(line);
  };
  while (left < before.length || right < after.length) {
    if (left < before.length && before[left] === after[right]) {
      context = ` ${before[left] ?? ""}`;
      left += 1;
      right += 1;
    } else if (left < before.length && at(left + 1, right) >= at(left, right + 1)) {
      change(`-${before[left] ?? ""}`);
      left += 1;
    } else {
      change(`+${after[right] ?? ""}`);
      right += 1;
    }
  }
  return lines.join("\n");
}
