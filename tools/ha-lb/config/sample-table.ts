import { isMatchMethod, type MatchMethod } from "../model/condition.ts";
import type { SampleType } from "../model/sample.ts";
import { ACL_ALIASES, CONVERTERS } from "./converter-data.ts";
import { FETCH_GROUPS } from "./fetch-data.ts";

/**
 * The places a sample can be evaluated in; the index is the column in `FETCH_GROUPS`. A rule of a `listen`
 * section counts for both sides.
 */
export const SAMPLE_PLACES = [
  "frontend tcp-request connection rule",
  "frontend tcp-request session rule",
  "frontend tcp-request content rule",
  "frontend http-request header rule",
  "frontend http-request body rule",
  "frontend use-backend rule",
  "backend tcp-request content rule",
  "backend http-request header rule",
  "backend http-request body rule",
  "backend use-server, balance or stick-match rule",
  "server source selection",
  "backend tcp-response content rule",
  "backend http-response header rule",
  "backend http-response body rule",
  "backend stick-store rule",
  "frontend tcp-response content rule",
  "frontend http-response header rule",
  "frontend http-response body rule",
  "logs",
  "backend tcp-check rule",
  "configuration parser",
  "CLI parser",
] as const;
export type SamplePlace = (typeof SAMPLE_PLACES)[number];

export type ArgumentKind = "s" | "i" | "t" | "b" | "f" | "v" | "u" | "r" | "p" | "m4" | "m6" | "a4" | "a6";

export interface CallSignature {
  readonly name: string;
  readonly required: readonly ArgumentKind[];
  readonly optional: readonly ArgumentKind[];
}

export interface FetchSignature extends CallSignature {
  readonly type: SampleType;
  readonly places: string;
}

export interface ConverterSignature extends CallSignature {
  readonly input: SampleType;
  readonly output: SampleType;
}

const ARGUMENT_KINDS: ReadonlySet<string> = new Set([
  "s",
  "i",
  "t",
  "b",
  "f",
  "v",
  "u",
  "r",
  "p",
  "m4",
  "m6",
  "a4",
  "a6",
]);
const SAMPLE_TYPES: ReadonlySet<string> = new Set([
  "bool",
  "sint",
  "ipv4",
  "ipv6",
  "addr",
  "str",
  "bin",
  "meth",
  "any",
]);

function isArgumentKind(text: string): text is ArgumentKind {
  return ARGUMENT_KINDS.has(text);
}

function sampleType(text: string | undefined): SampleType {
  const isType = (word: string): word is SampleType => SAMPLE_TYPES.has(word);
  if (text === undefined || !isType(text)) throw new Error(`'${text}' is not a sample type`);
  return text;
}

/** `name(s,i|s)` and what follows the colon. */
function readEntry(entry: string): { readonly signature: CallSignature; readonly result: string } {
  const found = /^([^(:]+)(?:\(([^)]*)\))?:(.+)$/.exec(entry);
  if (found === null) throw new Error(`bad table entry '${entry}'`);
  const [required = "", optional = ""] = (found[2] ?? "").split("|");
  const kinds = (text: string) => text.split(",").filter(isArgumentKind);
  return {
    signature: { name: found[1] ?? "", required: kinds(required), optional: kinds(optional) },
    result: found[3] ?? "",
  };
}

const wordsOf = (text: string) => text.split(/\s+/).filter((word) => word !== "");

/** Where the table's own type is too narrow: these give addresses of either family, or types known at run time. */
const TYPE_CORRECTIONS: Readonly<Record<string, SampleType>> = {
  bc_dst: "addr",
  bc_src: "addr",
  src: "ipv4",
  dst: "ipv4",
};

function readFetches(): ReadonlyMap<string, FetchSignature> {
  const table = new Map<string, FetchSignature>();
  for (const group of FETCH_GROUPS) {
    for (const entry of wordsOf(group.fetches)) {
      const { signature, result } = readEntry(entry);
      const type = TYPE_CORRECTIONS[signature.name] ?? sampleType(result);
      table.set(signature.name, { ...signature, type, places: group.places });
    }
  }
  return table;
}

function readConverters(): ReadonlyMap<string, ConverterSignature> {
  const table = new Map<string, ConverterSignature>();
  for (const entry of wordsOf(CONVERTERS)) {
    const { signature, result } = readEntry(entry);
    const [input, output] = result.split(">");
    table.set(signature.name, { ...signature, input: sampleType(input), output: sampleType(output) });
  }
  return table;
}

export const FETCHES = readFetches();
export const CONVERTER_TABLE = readConverters();

function readAliases(): ReadonlyMap<string, { readonly fetch: string; readonly match: MatchMethod }> {
  const table = new Map<string, { readonly fetch: string; readonly match: MatchMethod }>();
  for (const entry of wordsOf(ACL_ALIASES)) {
    const found = /^(.+)=(.+)\/(\w+)$/.exec(entry);
    const match = found?.[3] ?? "";
    if (found === null || !isMatchMethod(match)) throw new Error(`bad alias '${entry}'`);
    table.set(found[1] ?? "", { fetch: found[2] ?? "", match });
  }
  return table;
}

export const CONDITION_ALIASES = readAliases();

const ALL_TYPES = "bool sint ipv4 ipv6 addr str bin meth any";
/** What each type converts to by itself; anything can be taken as `any`. */
const CASTS: Readonly<Record<SampleType, string>> = {
  any: ALL_TYPES,
  bool: "bool sint str bin",
  sint: ALL_TYPES,
  ipv4: "sint ipv4 ipv6 addr str bin",
  ipv6: "ipv4 ipv6 addr str bin",
  addr: "sint ipv4 ipv6 addr str bin",
  str: ALL_TYPES,
  bin: "str bin",
  meth: "str bin meth",
};

export function canCast(from: SampleType, to: SampleType): boolean {
  return to === "any" || CASTS[from].split(" ").includes(to);
}

/** The type a match method compares. */
export function matchInput(match: MatchMethod): SampleType {
  switch (match) {
    case "found":
      return "any";
    case "bool":
    case "int":
      return "sint";
    case "ip":
      return "addr";
    case "bin":
      return "bin";
    case "len":
    case "str":
    case "sub":
    case "reg":
    case "beg":
    case "end":
    case "dir":
    case "dom":
      return "str";
  }
}

/** What the reference knows and ha-lb refuses, with the reason. */
export const REFUSED_SAMPLES: ReadonlyMap<string, string> = new Map([
  ["distcc_body", "the distcc protocol isn't parsed"],
  ["distcc_param", "the distcc protocol isn't parsed"],
  ["fix_is_valid", "the FIX protocol isn't parsed"],
  ["fix_tag_value", "the FIX protocol isn't parsed"],
  ["mqtt_is_valid", "the MQTT protocol isn't parsed"],
  ["mqtt_field_value", "the MQTT protocol isn't parsed"],
  ["protobuf", "protocol buffers aren't parsed"],
  ["ungrpc", "protocol buffers aren't parsed"],
  ["xxh3", "its 64 bits don't fit an integer here; use 'xxh32' or 'crc32'"],
  ["xxh64", "its 64 bits don't fit an integer here; use 'xxh32' or 'crc32'"],
  ["req.hdrs_bin", "the binary header form isn't made; use 'req.hdrs'"],
  ["res.hdrs_bin", "the binary header form isn't made; use 'res.hdrs'"],
  ["res.comp", "compression is only known while the body is sent"],
  ["res.comp_algo", "compression is only known while the body is sent"],
  ["res.cache_hit", "there is no response cache"],
  ["res.cache_name", "there is no response cache"],
  ["fcgi.docroot", "there is no FastCGI back end"],
  ["fcgi.index", "there is no FastCGI back end"],
  ["ssl_fc_session_key", "the TLS library doesn't hand out session keys"],
  ["ssl_bc_session_key", "the TLS library doesn't hand out session keys"],
  ["req.rdp_cookie", "the RDP protocol isn't parsed"],
  ["req.rdp_cookie_cnt", "the RDP protocol isn't parsed"],
  ["rdp_cookie", "the RDP protocol isn't parsed"],
  ["rdp_cookie_cnt", "the RDP protocol isn't parsed"],
  ["req_rdp_cookie", "the RDP protocol isn't parsed"],
  ["req_rdp_cookie_cnt", "the RDP protocol isn't parsed"],
]);

/** Groups of fetches that need what the platform's TLS doesn't show, or HAProxy's own internals. */
const REFUSED_PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/^internal\.htx/, "it shows HAProxy's own internals"],
  [
    /^ssl_[fb]c_(client|server)_random$|_traffic_secret|_exporter_secret/,
    "the TLS library doesn't hand out handshake secrets",
  ],
  [
    /^ssl_fc_(cipherlist|eclist|extlist|ecformats|protocol_hello)/,
    "the TLS library doesn't hand out the client's hello",
  ],
  [/^ssl_[fb]c_(unique_id|err|err_str)$/, "the TLS library doesn't report it"],
  [/^(cpu|lat)_ns_|^cpu_calls$/, "tasks aren't measured one by one"],
];

/** Why a fetch or converter is refused, or undefined when it works. */
export function refusedSample(name: string): string | undefined {
  return REFUSED_SAMPLES.get(name) ?? REFUSED_PATTERNS.find(([pattern]) => pattern.test(name))?.[1];
}
