import type { BalanceAlgorithm, Cookie, HashType } from "../model/balance.ts";
import { choicesFor, hintFor, type Line } from "./line.ts";
import { parseExpressionWords } from "./sample.ts";
import { withPlaces, type Scope } from "./scope.ts";

const ALGORITHMS = [
  "roundrobin",
  "static-rr",
  "leastconn",
  "first",
  "source",
  "uri",
  "url_param",
  "hdr(NAME)",
  "rdp-cookie",
  "random",
  "hash",
];
const INT_MAX = 2 ** 31 - 1;

/** `balance ALGORITHM arguments…` */
export function parseBalance(scope: Scope, line: Line): BalanceAlgorithm | undefined {
  if (!line.has(1)) return { kind: "roundrobin" };
  const word = line.text(1);
  const name = /^[^(]*/.exec(word)?.[0] ?? "";
  const argument = /\((.*)\)$/.exec(word)?.[1];
  switch (name) {
    case "roundrobin":
    case "static-rr":
    case "leastconn":
    case "first":
    case "source":
      line.end(2, `balance ${name}`);
      return { kind: name };
    case "uri":
      return parseUri(line);
    case "url_param":
      return parseUrlParam(line);
    case "hdr":
      return parseHdr(line, argument);
    case "random":
      return parseRandom(line, argument);
    case "hash": {
      const found = parseExpressionWords(
        withPlaces(scope, ["backend use-server, balance or stick-match rule"], "balance hash"),
        line,
        2,
        "balance hash",
      );
      return found === undefined ? undefined : { kind: "hash", key: found.expression };
    }
    case "rdp-cookie":
      line.problem(
        "LB_NOT_SUPPORTED",
        { keyword: "balance rdp-cookie", means: "the RDP protocol isn't parsed; use 'balance source'" },
        1,
      );
      return undefined;
    default:
      line.problem("LB_BAD_CHOICE", { keyword: "balance", got: word, hint: choicesFor(word, ALGORITHMS) }, 1);
      return undefined;
  }
}

function parseUri(line: Line): BalanceAlgorithm | undefined {
  let length: number | undefined;
  let depth: number | undefined;
  let whole = false;
  let pathOnly = false;
  for (let index = 2; index < line.length; index += 1) {
    const word = line.text(index);
    if (word === "whole") whole = true;
    else if (word === "path-only") pathOnly = true;
    else if (word === "len") length = line.integer(++index, "balance uri len", 1, INT_MAX);
    else if (word === "depth") depth = line.integer(++index, "balance uri depth", 1, INT_MAX);
    else {
      line.problem(
        "LB_UNKNOWN_WORD",
        { keyword: "balance uri", word, hint: choicesFor(word, ["whole", "path-only", "len", "depth"]) },
        index,
      );
      return undefined;
    }
  }
  return {
    kind: "uri",
    whole,
    pathOnly,
    ...(length === undefined ? {} : { length }),
    ...(depth === undefined ? {} : { depth }),
  };
}

function parseUrlParam(line: Line): BalanceAlgorithm | undefined {
  const parameter = line.need(2, "balance url_param", "a parameter's name");
  if (parameter === undefined) return undefined;
  if (!line.has(3)) return { kind: "url_param", parameter };
  if (line.choice(3, "balance url_param", ["check_post"]) === undefined) return undefined;
  const checkPostBytes = line.has(4) ? line.integer(4, "check_post", 0, INT_MAX) : 48;
  return { kind: "url_param", parameter, ...(checkPostBytes === undefined ? {} : { checkPostBytes }) };
}

function parseHdr(line: Line, argument: string | undefined): BalanceAlgorithm | undefined {
  if (argument === undefined || argument === "") {
    line.problem(
      "LB_MISSING_ARGUMENT",
      { keyword: "balance hdr", expected: "a header's name in parentheses", hint: "" },
      1,
    );
    return undefined;
  }
  const word = line.text(2);
  if (word !== "" && word !== "use_domain_only") {
    line.problem("LB_UNKNOWN_WORD", { keyword: "balance hdr", word, hint: "use 'use_domain_only'" }, 2);
    return undefined;
  }
  return { kind: "hdr", name: argument, domainOnly: word !== "" };
}

function parseRandom(line: Line, argument: string | undefined): BalanceAlgorithm | undefined {
  if (argument === undefined) return { kind: "random", draws: 2 };
  const draws = /^\d{1,3}$/.test(argument) ? Number(argument) : 0;
  if (draws > 0) return { kind: "random", draws };
  line.problem(
    "LB_BAD_NUMBER",
    { keyword: "balance random", expected: "a number of draws above 0", text: argument },
    1,
  );
  return undefined;
}

/** `hash-type METHOD [FUNCTION] [avalanche]` */
export function parseHashType(line: Line): HashType | undefined {
  const method = line.choice(1, "hash-type", ["consistent", "map-based", "avalanche"]);
  if (method === undefined) return undefined;
  if (method === "avalanche") return { method: "map-based", function: "sdbm", avalanche: true, balanceFactor: 0 };
  const named = line.has(2) && line.text(2) !== "avalanche";
  const chosen = named ? line.choice(2, "hash-type", ["sdbm", "djb2", "wt6", "crc32", "none"]) : undefined;
  if (named && chosen === undefined) return undefined;
  const modifier = named ? 3 : 2;
  if (line.has(modifier) && line.choice(modifier, "hash-type", ["avalanche"]) === undefined) return undefined;
  const avalanche = line.has(modifier) || (!named && method === "consistent");
  return { method, function: chosen ?? "sdbm", avalanche, balanceFactor: 0 };
}

const COOKIE_WORDS = [
  "rewrite",
  "insert",
  "prefix",
  "indirect",
  "nocache",
  "postonly",
  "preserve",
  "httponly",
  "secure",
  "domain",
  "maxidle",
  "maxlife",
  "dynamic",
  "attr",
];

type CookieDraft = { -readonly [Key in keyof Cookie]: Cookie[Key] };

/** `cookie NAME words…` */
export function parseCookie(line: Line): Cookie | undefined {
  const name = line.need(1, "cookie", "a cookie's name");
  if (name === undefined) return undefined;
  const cookie: CookieDraft = {
    name,
    mode: "passive",
    indirect: false,
    noCache: false,
    postOnly: false,
    preserve: false,
    httpOnly: false,
    secure: false,
    domains: [],
    dynamic: false,
    attributes: [],
  };
  const modes: string[] = [];
  for (let index = 2; index < line.length; index += 1) {
    const word = line.text(index);
    if (word === "rewrite" || word === "insert" || word === "prefix") {
      cookie.mode = word;
      modes.push(word);
    } else if (applyCookieFlag(cookie, word)) continue;
    else if (word === "domain" || word === "maxidle" || word === "maxlife" || word === "attr") {
      index += 1;
      if (!applyCookieValue(cookie, line, index, word)) return undefined;
    } else {
      line.problem(
        "LB_UNKNOWN_WORD",
        { keyword: "cookie", word, hint: hintFor(word, COOKIE_WORDS) || `use ${COOKIE_WORDS.join(", ")}` },
        index,
      );
      return undefined;
    }
  }
  if (modes.length > 1) {
    line.problem(
      "LB_BAD_COMBINATION",
      { keyword: "cookie", problem: "'rewrite', 'insert' and 'prefix' exclude each other" },
      1,
    );
    return undefined;
  }
  return cookie;
}

function applyCookieFlag(cookie: CookieDraft, word: string): boolean {
  switch (word) {
    case "indirect":
      cookie.indirect = true;
      return true;
    case "nocache":
      cookie.noCache = true;
      return true;
    case "postonly":
      cookie.postOnly = true;
      return true;
    case "preserve":
      cookie.preserve = true;
      return true;
    case "httponly":
      cookie.httpOnly = true;
      return true;
    case "secure":
      cookie.secure = true;
      return true;
    case "dynamic":
      cookie.dynamic = true;
      return true;
    default:
      return false;
  }
}

function applyCookieValue(cookie: CookieDraft, line: Line, index: number, word: string): boolean {
  const value = line.need(index, `cookie ${word}`, "an argument");
  if (value === undefined) return false;
  if (word === "domain") cookie.domains = [...cookie.domains, value];
  else if (word === "attr") cookie.attributes = [...cookie.attributes, value];
  else {
    const timeMs = line.time(index, `cookie ${word}`, 1000);
    if (timeMs === undefined) return false;
    if (word === "maxidle") cookie.maxIdleSeconds = timeMs / 1000;
    else cookie.maxLifeSeconds = timeMs / 1000;
  }
  return true;
}
