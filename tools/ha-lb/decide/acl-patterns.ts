import type { MatchMethod } from "../model/condition.ts";
import { isInNetwork, type IpAddress, type IpNetwork } from "../model/ip.ts";
import { lowerAscii, parsePattern } from "../model/pattern.ts";
import type { SampleValue } from "../model/value.ts";
import type { PatternEntry } from "./acl-registry.ts";
import { toAddress, toBytes, toInteger, toText } from "./sample-cast.ts";

/** Texts longer than this aren't given to regular expressions: the time of a match stays bounded. */
export const REGEX_INPUT_MAX = 65536;

interface ListItem<Pattern> {
  readonly entry: PatternEntry;
  readonly pattern: Pattern;
}

/**
 * Finds the pattern that a value matches, for one way of comparing. Exact texts, prefixes and networks are found
 * by hash (the longest prefix wins); the others are tried in their order.
 */
export class PatternIndex {
  readonly match: MatchMethod;
  readonly ignoreCase: boolean;
  private readonly exact = new Map<string, PatternEntry[]>();
  /** Lengths of the prefixes in `exact`, longest first. */
  private lengths: number[] = [];
  private texts: ListItem<string>[] = [];
  private regexes: ListItem<RegExp>[] = [];
  private ranges: ListItem<{ readonly least: number; readonly most: number }>[] = [];
  private networks: ListItem<IpNetwork>[] = [];

  constructor(match: MatchMethod, ignoreCase: boolean) {
    this.match = match;
    this.ignoreCase = ignoreCase;
  }

  /** A pattern that this way of comparing can't read is left out: it never matches. */
  add(entry: PatternEntry): void {
    const parsed = parsePattern(this.match, entry.text, this.ignoreCase);
    if (typeof parsed === "string") return;
    switch (parsed.kind) {
      case "any":
        this.texts.push({ entry, pattern: "" });
        break;
      case "range":
        this.ranges.push({ entry, pattern: parsed });
        break;
      case "regex":
        this.regexes.push({ entry, pattern: parsed.regex });
        break;
      case "bytes":
        this.addExact(parsed.bytes, entry);
        break;
      case "network":
        this.addNetwork(parsed.network, entry);
        break;
      case "text":
        if (this.match === "str" || this.match === "beg") this.addExact(parsed.text, entry);
        else
          this.texts.push({
            entry,
            pattern:
              this.match === "dir" || this.match === "dom" ? stripDelimiters(parsed.text, this.match) : parsed.text,
          });
    }
  }

  private addExact(key: string, entry: PatternEntry): void {
    const known = this.exact.get(key);
    if (known === undefined) this.exact.set(key, [entry]);
    else known.push(entry);
    if (this.match === "beg" && !this.lengths.includes(key.length))
      this.lengths = [...this.lengths, key.length].toSorted((a, b) => b - a);
  }

  /** Networks are kept from the narrowest to the widest: the first that holds is the most exact. */
  private addNetwork(network: IpNetwork, entry: PatternEntry): void {
    const bits = network.address.family === 4 ? network.bits + 96 : network.bits;
    const before = this.networks.findIndex(
      (item) => (item.pattern.address.family === 4 ? item.pattern.bits + 96 : item.pattern.bits) < bits,
    );
    this.networks.splice(before < 0 ? this.networks.length : before, 0, { entry, pattern: network });
  }

  remove(entry: PatternEntry): void {
    for (const [key, entries] of this.exact) {
      if (!entries.includes(entry)) continue;
      const left = entries.filter((known) => known !== entry);
      if (left.length === 0) this.exact.delete(key);
      else this.exact.set(key, left);
    }
    const stays = (item: { readonly entry: PatternEntry }) => item.entry !== entry;
    this.texts = this.texts.filter(stays);
    this.regexes = this.regexes.filter(stays);
    this.ranges = this.ranges.filter(stays);
    this.networks = this.networks.filter(stays);
  }

  /** The entry that matches, or undefined. */
  find(value: SampleValue): PatternEntry | undefined {
    switch (this.match) {
      case "found":
        return this.texts[0]?.entry;
      case "bool":
      case "int": {
        const number = toInteger(value);
        return number === undefined ? undefined : this.findRange(number);
      }
      case "len":
        return this.findRange(toText(value).length);
      case "ip": {
        const address = toAddress(value);
        return address === undefined ? undefined : this.findNetwork(address);
      }
      case "bin":
        return this.exact.get(toBytes(value))?.[0];
      case "reg":
        return this.findRegex(toText(value));
      case "str":
      case "sub":
      case "beg":
      case "end":
      case "dir":
      case "dom": {
        const text = toText(value);
        return this.findText(this.ignoreCase ? lowerAscii(text) : text);
      }
    }
  }

  private findRange(number: number): PatternEntry | undefined {
    return this.ranges.find(({ pattern }) => number >= pattern.least && number <= pattern.most)?.entry;
  }

  private findNetwork(address: IpAddress): PatternEntry | undefined {
    return this.networks.find(({ pattern }) => isInNetwork(address, pattern))?.entry;
  }

  private findRegex(text: string): PatternEntry | undefined {
    const subject = text.length > REGEX_INPUT_MAX ? text.slice(0, REGEX_INPUT_MAX) : text;
    return this.regexes.find(({ pattern }) => pattern.test(subject))?.entry;
  }

  private findText(text: string): PatternEntry | undefined {
    switch (this.match) {
      case "str":
        return this.exact.get(text)?.[0];
      case "beg": {
        for (const length of this.lengths) {
          if (length > text.length) continue;
          const found = this.exact.get(text.slice(0, length));
          if (found !== undefined) return found[0];
        }
        return undefined;
      }
      case "sub":
        return this.texts.find(({ pattern }) => text.includes(pattern))?.entry;
      case "end":
        return this.texts.find(({ pattern }) => text.endsWith(pattern))?.entry;
      default:
        return this.texts.find(({ pattern }) => hasPart(text, pattern, this.match === "dom"))?.entry;
    }
  }

  /** For regular expressions with groups (`map_regm`): the match itself. */
  execute(text: string): { readonly entry: PatternEntry; readonly groups: RegExpExecArray } | undefined {
    for (const { entry, pattern } of this.regexes) {
      const groups = pattern.exec(text.slice(0, REGEX_INPUT_MAX));
      if (groups !== null) return { entry, groups };
    }
    return undefined;
  }
}

/** `/` and `?` separate directories; `.` and `:` separate domains too. */
function isDelimiter(unit: string, domain: boolean): boolean {
  return unit === "/" || unit === "?" || (domain && (unit === "." || unit === ":"));
}

function stripDelimiters(text: string, match: "dir" | "dom"): string {
  let start = 0;
  let end = text.length;
  while (start < end && isDelimiter(text.charAt(start), match === "dom")) start += 1;
  while (end > start && isDelimiter(text.charAt(end - 1), match === "dom")) end -= 1;
  return text.slice(start, end);
}

/** Does `part` stand in `text` between delimiters (or ends)? */
function hasPart(text: string, part: string, domain: boolean): boolean {
  if (part === "") return false;
  for (let from = text.indexOf(part); from >= 0; from = text.indexOf(part, from + 1)) {
    const end = from + part.length;
    const opens = from === 0 || isDelimiter(text.charAt(from - 1), domain);
    const closes = end === text.length || isDelimiter(text.charAt(end), domain);
    if (opens && closes) return true;
  }
  return false;
}
