import { lookUp } from "../../../shared/text/lookup.ts";
import { notCarriedOut } from "./not-carried-out.ts";
import { BIND_OPTIONS, SERVER_OPTIONS } from "./option-status.ts";
import { GLOBAL_READERS } from "./global.ts";
import { GLOBAL_STATUS } from "./global-table.ts";
import { OPTION_NAMES, optionStatus } from "./proxy-options.ts";
import { PROXY_KEYWORDS } from "./proxy-table.ts";
import { REFUSED_ACTIONS, RULE_SETS, actionsOf } from "./rules.ts";
import { CONVERTER_TABLE, FETCHES, refusedSample } from "./sample-table.ts";
import { IGNORED_SECTIONS, SECTION_NAMES, SECTION_STATUS } from "./sections.ts";

/** What becomes of one word. `honoured`: it does what the reference says. */
export interface KeywordStatus {
  readonly area: string;
  readonly name: string;
  readonly kind: "honoured" | "ignored" | "refused" | "removed";
  readonly means: string;
}

/** Every word of the configuration language, with what becomes of it. */
export function allKeywords(): readonly KeywordStatus[] {
  const list: KeywordStatus[] = [];
  const add = (area: string, name: string, kind: KeywordStatus["kind"], means: string) => {
    const lacking = kind === "honoured" ? notCarriedOut(area, name) : undefined;
    list.push({ area, name, kind: lacking?.kind ?? kind, means: lacking?.means ?? means });
  };
  for (const name of SECTION_NAMES) {
    const ignored = lookUp(IGNORED_SECTIONS, name);
    const refused = lookUp(SECTION_STATUS, name);
    const kind = ignored !== undefined ? "ignored" : refused !== undefined ? "refused" : "honoured";
    add("sections", name, kind, ignored ?? refused ?? "");
  }
  for (const name of Object.keys(GLOBAL_READERS)) add("global", name, "honoured", "");
  for (const [name, status] of GLOBAL_STATUS) add("global", name, status.kind, status.means);
  for (const entry of PROXY_KEYWORDS.values()) add("proxy", entry.name, entry.kind, entry.means);
  for (const name of OPTION_NAMES) add("option", name, optionStatus(name).kind, optionStatus(name).means);
  for (const [name, status] of BIND_OPTIONS) add("bind", name, status.kind, status.means);
  for (const [name, status] of SERVER_OPTIONS) add("server", name, status.kind, status.means);
  for (const [set, keyword] of RULE_SETS) {
    for (const name of actionsOf(set))
      add(
        keyword,
        name,
        name.startsWith("cache-") ? "refused" : "honoured",
        name.startsWith("cache-") ? "there is no response cache" : "",
      );
    for (const [name, means] of Object.entries(REFUSED_ACTIONS)) add(keyword, name, "refused", means);
  }
  for (const name of FETCHES.keys())
    add("fetch", name, refusedSample(name) === undefined ? "honoured" : "refused", refusedSample(name) ?? "");
  for (const name of CONVERTER_TABLE.keys())
    add("converter", name, refusedSample(name) === undefined ? "honoured" : "refused", refusedSample(name) ?? "");
  return list;
}

const TITLES: Readonly<Record<string, string>> = {
  sections: "Sections",
  global: "global",
  proxy: "defaults, frontend, listen, backend",
  option: "option …",
  bind: "bind … (and stats socket …)",
  server: "server …, default-server …",
  fetch: "Sample fetches",
  converter: "Converters",
};

/** The reference page `docs/ha-lb-keywords.md`. */
export function keywordPage(): string {
  const all = allKeywords();
  const areas = [...new Set(all.map((entry) => entry.area))];
  const count = (kind: KeywordStatus["kind"]) => all.filter((entry) => entry.kind === kind).length;
  const lines = [
    "# ha-lb: every word of haproxy.cfg",
    "",
    "Made from the tables that the reader itself uses; a test keeps this page and them alike.",
    "The language is that of HAProxy 2.6. Each word is read and acted upon, or accepted with a warning that says why it",
    "changes nothing here (`LB_IGNORED`), or refused with an error (`LB_NOT_SUPPORTED`; `LB_REMOVED` for words that",
    "HAProxy dropped too). None is dropped in silence.",
    "",
    `In all: ${count("honoured")} honoured, ${count("ignored")} accepted with a warning, ${count("refused")} refused, ${count("removed")} removed.`,
  ];
  for (const area of areas)
    lines.push("", `## ${TITLES[area] ?? area}`, "", ...areaLines(all.filter((entry) => entry.area === area)));
  return `${lines.join("\n")}\n`;
}

function areaLines(entries: readonly KeywordStatus[]): readonly string[] {
  const honoured = entries.filter((entry) => entry.kind === "honoured").map((entry) => `\`${entry.name}\``);
  const others = entries.filter((entry) => entry.kind !== "honoured").toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const lines = honoured.length === 0 ? [] : [`Honoured: ${honoured.toSorted().join(", ")}.`];
  if (others.length === 0) return lines;
  const words = { ignored: "warning", refused: "refused", removed: "removed", honoured: "" };
  return [
    ...lines,
    "",
    "| word | | what that means |",
    "|---|---|---|",
    ...others.map(({ name, kind, means }) => `| \`${name}\` | ${words[kind]} | ${means} |`),
  ];
}
