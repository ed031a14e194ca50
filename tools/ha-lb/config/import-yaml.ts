import { stringify } from "yaml";
import type { Reason } from "../../../shared/reason/catalogue.ts";
import { parseConfiguration, type ConfigurationText, type ParseOptions } from "./parse.ts";
import { Report } from "./report.ts";
import { SECTION_NAMES } from "./sections.ts";
import type { Word } from "./words.ts";

/** What an import gives: the text of an ha.yaml with its `lb:` part, and what couldn't be taken over. */
export interface Imported {
  readonly yaml: string;
  readonly notes: readonly Reason[];
}

type Value = string | number | true | (string | number | true)[] | Map<string, string | string[]>;
type SectionMap = Map<string, Value>;

const GROUP_OF: Readonly<Record<string, string>> = {
  userlist: "userlists",
  resolvers: "resolvers",
  peers: "peers",
  mailers: "mailers",
  "http-errors": "http-errors",
  cache: "caches",
  ring: "rings",
  frontend: "frontends",
  listen: "listens",
  backend: "backends",
};

/** Keywords whose second word is a key of its own in YAML; the others are plain texts or lists. */
const NESTED = new Set(["timeout", "server", "user", "hold", "nameserver", "peer"]);

/**
 * Turns a haproxy.cfg into the `lb:` part of an ha.yaml. The configuration must be good: check it first.
 * Conditional blocks become the branch that holds now, and comments are lost; both are noted.
 */
export function importToYaml(
  files: readonly ConfigurationText[],
  options: ParseOptions,
): Imported | { readonly problems: readonly Reason[] } {
  const checked = parseConfiguration(files, options);
  if (!checked.ok) return { problems: checked.problems };
  const importer = new Importer();
  parseConfiguration(files, { ...options, onLine: (words, raw) => importer.line(words, raw) });
  const report = new Report();
  for (const file of files) noteLosses(file, report);
  return { yaml: stringify({ lb: importer.result() }, { lineWidth: 0, singleQuote: true }), notes: report.warnings };
}

function noteLosses(file: ConfigurationText, report: Report): void {
  let comments = 0;
  for (const [index, text] of file.text.split("\n").entries()) {
    const directive = /^\s*(\.(?:if|elif|else))\b/.exec(text)?.[1];
    if (directive !== undefined)
      report.add(
        "LB_IMPORT_CONDITIONAL",
        { directive },
        { file: file.file, line: index + 1, column: text.indexOf(".") + 1 },
      );
    if (/^\s*#/.test(text)) comments += 1;
  }
  if (comments > 0) report.add("LB_IMPORT_COMMENTS", { count: comments }, { file: file.file, line: 1, column: 1 });
}

class Importer {
  private readonly groups = new Map<string, Map<string, SectionMap> | SectionMap>();
  private current: SectionMap | undefined;
  private defaultsCount = 0;
  private currentDefaults = "";

  result(): unknown {
    this.simplifyDefaults();
    return this.groups;
  }

  /** One anonymous defaults section that all proxies use needs no name. */
  private simplifyDefaults(): void {
    const name = "defaults-1";
    const only = this.defaultsCount === 1 ? this.group("named-defaults").get(name) : undefined;
    const proxies = ["frontends", "listens", "backends"].flatMap((key) =>
      this.groups.has(key) ? [...this.group(key).values()] : [],
    );
    if (only === undefined || proxies.some((proxy) => proxy.get("from") !== name)) return;
    for (const proxy of proxies) proxy.delete("from");
    const all = [...this.groups];
    this.groups.clear();
    for (const [key, value] of all) {
      if (key === "named-defaults") this.groups.set("defaults", only);
      else this.groups.set(key, value);
    }
  }

  line(words: readonly Word[], raw: string): void {
    const [first, second] = words;
    if (first === undefined) return;
    if (SECTION_NAMES.includes(first.text)) this.open(words);
    else if (this.current !== undefined)
      this.add(this.current, first.text, second, afterWord(raw, first, words), words, raw);
  }

  private group(name: string): Map<string, SectionMap> {
    const known = this.groups.get(name);
    const group: Map<string, SectionMap> = new Map();
    if (known === undefined) this.groups.set(name, group);
    // A group of named sections only ever holds maps of sections.
    return known === undefined ? group : (known as Map<string, SectionMap>);
  }

  private open(words: readonly Word[]): void {
    const kind = words[0]?.text ?? "";
    const name = words[1]?.text ?? "";
    if (kind === "global") {
      const known = this.groups.get("global");
      const map: SectionMap = known === undefined ? new Map() : (known as SectionMap);
      this.groups.set("global", map);
      this.current = map;
      return;
    }
    const section: SectionMap = new Map();
    this.current = section;
    const from = words.findIndex((word) => word.text === "from");
    const parent = from < 0 ? undefined : words[from + 1]?.text;
    if (kind === "defaults") {
      // Each anonymous section gets a name, so that every proxy keeps its own defaults.
      this.defaultsCount += 1;
      this.currentDefaults = name === "" ? `defaults-${this.defaultsCount}` : name;
      if (parent !== undefined) section.set("from", parent);
      this.group("named-defaults").set(this.currentDefaults, section);
      return;
    }
    const isProxy = kind === "frontend" || kind === "listen" || kind === "backend";
    const inherited = parent ?? this.currentDefaults;
    if (isProxy && inherited !== "") section.set("from", inherited);
    const address = isProxy && words.length > 2 && from < 0 ? words[2]?.text : undefined;
    if (address !== undefined) section.set("bind", address);
    this.group(GROUP_OF[kind] ?? kind).set(name, section);
  }

  private add(
    section: SectionMap,
    keyword: string,
    second: Word | undefined,
    rest: string,
    words: readonly Word[],
    raw: string,
  ): void {
    if (NESTED.has(keyword) && second !== undefined && words.length > 2) {
      const known = section.get(keyword);
      const map = known instanceof Map ? known : new Map<string, string | string[]>();
      if (!(known instanceof Map)) section.set(keyword, map);
      const earlier = map.get(second.text);
      const text = afterWord(raw, second, words);
      map.set(second.text, earlier === undefined ? text : [...(Array.isArray(earlier) ? earlier : [earlier]), text]);
      return;
    }
    const value = rest === "" ? true : /^(0|[1-9]\d{0,14})$/.test(rest) ? Number(rest) : rest;
    const known = section.get(keyword);
    if (known === undefined) section.set(keyword, value);
    else if (Array.isArray(known)) known.push(value);
    else if (!(known instanceof Map)) section.set(keyword, [known, value]);
  }
}

/** The text after a word as it was written, quotes and all, without the comment. */
function afterWord(raw: string, word: Word, words: readonly Word[]): string {
  const start = word.at.column - 1 + (word.at.length ?? 0);
  const last = words.at(-1);
  return last === undefined ? "" : raw.slice(start, last.at.column - 1 + (last.at.length ?? 0)).trim();
}
