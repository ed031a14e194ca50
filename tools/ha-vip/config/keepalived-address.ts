/** Addresses, routes and rules of keepalived.conf(5), in the words of ip-address(8), ip-route(8) and ip-rule(8). */
import { type Reason, reason } from "../../../shared/reason/catalogue.ts";
import { hint } from "../../../shared/text/did-you-mean.ts";
import { type IpPrefix, parsePrefix } from "../../../shared/text/prefix.ts";
import { configReasons } from "../model/config-reasons.ts";
import type { VirtualAddress, VirtualRoute, VirtualRule } from "../model/router.ts";
import type { Statement, Word } from "./block-text.ts";
import { readAddress, readPrefix } from "./reader.ts";

type Loose<Shape> = { -readonly [Key in keyof Shape]: Shape[Key] };

/** Words of one line, taken one after the other. */
class WordQueue {
  #index = 0;
  constructor(
    private readonly words: readonly Word[],
    readonly problems: Reason[],
    readonly where: string,
  ) {}

  next(): Word | undefined {
    const word = this.words[this.#index];
    this.#index += 1;
    return word;
  }

  peek(): Word | undefined {
    return this.words[this.#index];
  }

  /** The value behind a keyword; a problem when the line ends there. */
  value(keyword: Word, needs: string): Word | undefined {
    const word = this.next();
    if (word === undefined) this.wrong(keyword, keyword.text, needs, `${keyword.text} …`);
    return word;
  }

  number(keyword: Word, least: number, most: number): number | undefined {
    const word = this.value(keyword, "a number");
    if (word === undefined) return undefined;
    const value = /^(0x[0-9a-f]+|\d+)$/i.test(word.text) ? Number(word.text) : Number.NaN;
    if (value >= least && value <= most) return value;
    this.wrong(word, keyword.text, `a whole number from ${least} to ${most}`, `${keyword.text} ${least}`);
    return undefined;
  }

  wrong(at: Word, word: string, needs: string, example: string): void {
    this.problems.push(reason(configReasons, "VIP_CONF_VALUE", { word, needs, example }, at.at));
  }

  unknown(word: Word, known: readonly string[]): void {
    const data = { where: this.where, word: word.text, hint: hint(word.text, known) };
    this.problems.push(reason(configReasons, "VIP_CONF_UNKNOWN", data, word.at));
  }

  unsupported(word: Word, because: string): void {
    this.problems.push(reason(configReasons, "VIP_CONF_UNSUPPORTED", { word: word.text, because }, word.at));
  }
}

const SCOPES = { global: "universe", universe: "universe", site: "site", link: "link", host: "host" } as const;
const ROUTE_SCOPES = { ...SCOPES, nowhere: "nowhere" } as const;

function scopeOf<Scopes extends Record<string, string>>(
  scopes: Scopes,
  queue: WordQueue,
  keyword: Word,
): Scopes[keyof Scopes] | undefined {
  const word = queue.value(keyword, "a scope");
  if (word === undefined) return undefined;
  if (Object.hasOwn(scopes, word.text)) return scopes[word.text as keyof Scopes];
  queue.wrong(word, "scope", Object.keys(scopes).join(", "), "scope global");
  return undefined;
}

const ADDRESS_WORDS = ["dev", "label", "scope", "brd", "broadcast", "peer", "noprefixroute", "no_track", "use_vmac"];
const NO_FLAG = "this flag isn't set by ha-vip";

function addressOption(found: Loose<VirtualAddress>, keyword: Word, queue: WordQueue): void {
  const { problems } = queue;
  switch (keyword.text) {
    case "dev":
    case "label": {
      const word = queue.value(keyword, "a name");
      if (word !== undefined) found[keyword.text === "dev" ? "device" : "label"] = word.text;
      return;
    }
    case "scope": {
      const scope = scopeOf(SCOPES, queue, keyword);
      if (scope !== undefined) found.scope = scope;
      return;
    }
    case "brd":
    case "broadcast":
    case "peer": {
      const word = queue.value(keyword, "an address");
      if (word === undefined) return;
      if (keyword.text !== "peer" && word.text === "+") {
        found.broadcast = "computed";
        return;
      }
      // None, as without the word.
      if (keyword.text !== "peer" && word.text === "-") return;
      const address = readAddress({ ...word, text: word.text.replace(/\/\d+$/, "") }, problems);
      if (address !== undefined) found[keyword.text === "peer" ? "peer" : "broadcast"] = address;
      return;
    }
    case "noprefixroute":
      found.noPrefixRoute = true;
      return;
    case "no_track":
      found.untracked = true;
      return;
    // Duplicate detection is off for all virtual addresses: the router has asked already.
    case "-nodad":
    case "nodad":
      return;
    case "preferred_lft": {
      const word = queue.value(keyword, "forever or 0");
      if (word?.text === "forever") found.preferred = true;
      else if (word !== undefined && word.text !== "0") queue.wrong(word, "preferred_lft", "forever or 0", "forever");
      return;
    }
    case "use_vmac":
    case "home":
    case "mngtmpaddr":
    case "autojoin":
    case "track_group":
      queue.unsupported(keyword, NO_FLAG);
      return;
    default:
      queue.unknown(keyword, ADDRESS_WORDS);
  }
}

export function readVirtualAddress(statement: Statement, problems: Reason[]): VirtualAddress | undefined {
  const [first, ...options] = statement.words;
  const prefix = readPrefix(first, problems);
  if (prefix === undefined) return undefined;
  const found: Loose<VirtualAddress> = { address: prefix.address, prefixLength: prefix.length };
  const queue = new WordQueue(options, problems, "an address");
  for (let word = queue.next(); word !== undefined; word = queue.next()) addressOption(found, word, queue);
  return found;
}

function prefixOf(word: Word): IpPrefix | undefined {
  if (word.text === "default") return undefined;
  const read = parsePrefix(word.text, { at: word.at });
  return read.ok ? read.value : undefined;
}

const KINDS = ["blackhole", "unreachable", "prohibit"] as const;
const TABLES: Readonly<Record<string, number>> = { default: 253, main: 254, local: 255 };
const ROUTE_WORDS = ["via", "gw", "dev", "src", "to", "table", "metric", "scope", "mtu", "onlink", "nexthop", "or"];

function tableOf(queue: WordQueue, keyword: Word): number | undefined {
  const named = TABLES[queue.peek()?.text ?? ""];
  if (named === undefined) return queue.number(keyword, 1, 0xffff_fffe);
  queue.next();
  return named;
}

type RouteDraft = Loose<VirtualRoute> & { hops: Loose<NonNullable<VirtualRoute["nextHops"]>[number]>[] };

function weightOf(word: Word, queue: WordQueue): number {
  const weight = /^\d{1,3}$/.test(word.text) ? Number(word.text) : 0;
  if (weight >= 1 && weight <= 256) return weight;
  queue.wrong(word, "weight", "a whole number from 1 to 256", "weight 1");
  return 1;
}

/** Words that end a route's options by changing what kind of route it is. @returns false for none of them */
function routeHop(draft: RouteDraft, keyword: Word, queue: WordQueue): boolean {
  if (keyword.text === "or") {
    const word = queue.value(keyword, "an address");
    const gateway = word === undefined ? undefined : readAddress(word, queue.problems);
    if (draft.gateway !== undefined) draft.hops.push({ gateway: draft.gateway });
    if (gateway !== undefined) draft.hops.push({ gateway });
    delete draft.gateway;
    return true;
  }
  if (keyword.text !== "nexthop") return false;
  let through: RouteDraft["hops"][number] | undefined;
  for (let word = queue.peek(); word !== undefined && word.text !== "nexthop"; word = queue.peek()) {
    queue.next();
    if (word.text === "onlink") {
      queue.unsupported(word, "a hop of several is reached through a network of its interface");
      continue;
    }
    const value = queue.value(word, "a value");
    if (value === undefined) break;
    if (word.text === "via") {
      const gateway = readAddress(value, queue.problems);
      if (gateway !== undefined) through = { gateway };
    } else if (word.text === "dev" && through !== undefined) through.device = value.text;
    else if (word.text === "weight" && through !== undefined) through.weight = weightOf(value, queue);
    else queue.unknown(word, ["via", "dev", "weight"]);
  }
  if (through !== undefined) draft.hops.push(through);
  return true;
}

function routeOption(draft: RouteDraft, keyword: Word, queue: WordQueue): void {
  switch (keyword.text) {
    case "via":
    case "gw":
    case "src": {
      const word = queue.value(keyword, "an address");
      const address = word === undefined ? undefined : readAddress(word, queue.problems);
      if (address !== undefined) draft[keyword.text === "src" ? "source" : "gateway"] = address;
      return;
    }
    case "dev": {
      const word = queue.value(keyword, "an interface");
      if (word !== undefined) draft.device = word.text;
      return;
    }
    case "table":
    case "metric":
    case "priority":
    case "preference":
    case "mtu": {
      const value = keyword.text === "table" ? tableOf(queue, keyword) : queue.number(keyword, 0, 0xffff_ffff);
      const field = keyword.text === "table" ? "table" : keyword.text === "mtu" ? "mtu" : "metric";
      if (value !== undefined) draft[field] = value;
      return;
    }
    case "scope": {
      const scope = scopeOf(ROUTE_SCOPES, queue, keyword);
      if (scope !== undefined) draft.scope = scope;
      return;
    }
    case "onlink":
      draft.onLink = true;
      return;
    case "inet6":
      draft.family = 6;
      return;
    // A route that somebody deletes isn't watched either way.
    case "no_track":
      return;
    default:
      if (!routeHop(draft, keyword, queue)) queue.unknown(keyword, ROUTE_WORDS);
  }
}

export function readVirtualRoute(statement: Statement, problems: Reason[]): VirtualRoute | undefined {
  const queue = new WordQueue(statement.words, problems, "a route");
  const draft: RouteDraft = { family: 4, hops: [] };
  let targeted = false;
  for (let word = queue.next(); word !== undefined; word = queue.next()) {
    const kind = KINDS.find((one) => one === word?.text);
    if (kind !== undefined) draft.kind = kind;
    else if (word.text === "to") continue;
    else if (!targeted && (word.text === "default" || /^[0-9a-f:.]+(\/|$)/i.test(word.text))) {
      targeted = true;
      const prefix = prefixOf(word);
      if (prefix !== undefined && prefix.length > 0) draft.destination = prefix;
      if (prefix !== undefined) draft.family = prefix.address.family;
      else if (word.text !== "default") readPrefix(word, problems);
    } else routeOption(draft, word, queue);
  }
  if (!targeted) {
    queue.wrong(statement.words[0], "a route", "a destination", "192.168.2.0/24 via 192.168.1.254");
    return undefined;
  }
  const family = (draft.destination?.address ?? draft.gateway ?? draft.hops[0]?.gateway)?.family ?? draft.family;
  const { hops, ...route } = draft;
  return hops.length > 0 ? { ...route, family, nextHops: hops } : { ...route, family };
}

/** A mark of 32 bits; NaN for anything else. */
function markOf(text: string): number {
  const value = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : Number.NaN;
  return value <= 0xffff_ffff ? value : Number.NaN;
}

const RULE_WORDS = ["from", "to", "table", "lookup", "iif", "oif", "fwmark", "preference", "priority", "pref"];

function ruleOption(rule: Loose<VirtualRule>, keyword: Word, queue: WordQueue): void {
  switch (keyword.text) {
    case "from":
    case "to": {
      const word = queue.value(keyword, "a network");
      if (word === undefined || word.text === "all" || word.text === "any") return;
      const prefix = readPrefix(word, queue.problems);
      if (prefix === undefined) return;
      rule[keyword.text] = prefix;
      rule.family = prefix.address.family;
      return;
    }
    case "table":
    case "lookup": {
      const table = tableOf(queue, keyword);
      if (table !== undefined) rule.table = table;
      return;
    }
    case "iif":
    case "oif":
    case "dev": {
      const word = queue.value(keyword, "an interface");
      if (word !== undefined) rule[keyword.text === "oif" ? "outputDevice" : "inputDevice"] = word.text;
      return;
    }
    case "fwmark": {
      const word = queue.value(keyword, "a mark");
      if (word === undefined) return;
      const [mark = Number.NaN, mask] = word.text.split("/").map(markOf);
      if (Number.isNaN(mark) || Number.isNaN(mask ?? 0) || word.text.split("/").length > 2) {
        queue.wrong(word, "fwmark", "a number, or NUMBER/MASK", "fwmark 24/0xff");
        return;
      }
      rule.firewallMark = mark;
      if (mask !== undefined) rule.firewallMask = mask;
      return;
    }
    case "preference":
    case "priority":
    case "pref":
    case "order": {
      const value = queue.number(keyword, 0, 0xffff_ffff);
      if (value !== undefined) rule.priority = value;
      return;
    }
    case "inet6":
      rule.family = 6;
      return;
    case "no_track":
      return;
    default: {
      const action = KINDS.find((one) => one === keyword.text);
      if (action === undefined) queue.unknown(keyword, RULE_WORDS);
      else rule.action = action;
    }
  }
}

export function readVirtualRule(statement: Statement, problems: Reason[]): VirtualRule | undefined {
  const queue = new WordQueue(statement.words, problems, "a rule");
  const rule: Loose<VirtualRule> = { family: 4 };
  for (let word = queue.next(); word !== undefined; word = queue.next()) ruleOption(rule, word, queue);
  if (rule.table !== undefined || rule.action !== undefined) return rule;
  queue.wrong(statement.words[0], "a rule", "a table", "from 192.168.2.0/24 table 1");
  return undefined;
}

/** A hardware address of six bytes, or of five to which the router's number is added. */
export function readMac(text: string, vrid: number): Uint8Array | undefined {
  const parts = text.split(":");
  if (parts.length < 5 || parts.length > 6 || !parts.every((part) => /^[0-9a-f]{1,2}$/i.test(part))) return undefined;
  const bytes = parts.map((part) => Number.parseInt(part, 16));
  return new Uint8Array(bytes.length === 6 ? bytes : [...bytes, vrid]);
}
