import { SET_VARIABLE_CONDITIONS } from "../model/rule.ts";
import { lookUp } from "../../../shared/text/lookup.ts";
import type { SampleArgument } from "../model/sample.ts";
import { parseVariable } from "./variable.ts";

type Check = (values: readonly SampleArgument[]) => string | undefined;

const ARITHMETIC: Check = ([value]) => {
  const text = String(value ?? "");
  if (/^[+-]?\d{1,19}$/.test(text) || /^0x[0-9a-f]+$/i.test(text)) return undefined;
  const variable = parseVariable(text);
  return typeof variable === "string" ? `expects an integer or a variable name, not '${text}'` : undefined;
};

const VARIABLE: Check = ([value]) => {
  const variable = parseVariable(String(value ?? ""));
  return typeof variable === "string" ? variable : undefined;
};

function oneOf(index: number, allowed: readonly string[], optional = true): Check {
  return (values) => {
    const value = values[index];
    if ((value === undefined || value === null || value === "") && optional) return undefined;
    return allowed.includes(String(value))
      ? undefined
      : `'${String(value ?? "")}' must be one of ${allowed.join(", ")}`;
  };
}

function range(index: number, least: number, most: number): Check {
  return (values) => {
    const value = values[index];
    if (value === undefined || value === null) return undefined;
    return Number(value) >= least && Number(value) <= most ? undefined : `${value} must be from ${least} to ${most}`;
  };
}

const DIGESTS: readonly string[] = [
  "md5",
  "sha1",
  "sha224",
  "sha256",
  "sha384",
  "sha512",
  "sha512-224",
  "sha512-256",
  "sha3-256",
  "sha3-384",
  "sha3-512",
  "ripemd160",
  "blake2b512",
  "blake2s256",
];

function optionalVariable(index: number): Check {
  return (values) => {
    const value = values[index];
    return value === undefined || value === null || value === "" ? undefined : VARIABLE([value]);
  };
}

function conditionProblem(word: string): string | undefined {
  const isKnown = SET_VARIABLE_CONDITIONS.some((one) => one === word);
  return word === "" || isKnown ? undefined : `'${word}' is no condition: ${SET_VARIABLE_CONDITIONS.join(", ")} are`;
}

function tokenAlgorithm(text: string): string | undefined {
  if (/^((HS|RS|ES|PS)(256|384|512)|none)$/.test(text) || typeof parseVariable(text) !== "string") return undefined;
  return `unknown algorithm '${text}'`;
}

const JSON_INPUTS = ["ascii", "utf8", "utf8s", "utf8p", "utf8ps"];

/** Checks beyond the type of an argument, by the name of the fetch or converter. */
const CHECKS: Readonly<Record<string, Check>> = {
  add: ARITHMETIC,
  sub: ARITHMETIC,
  mul: ARITHMETIC,
  and: ARITHMETIC,
  or: ARITHMETIC,
  xor: ARITHMETIC,
  div: ARITHMETIC,
  mod: ARITHMETIC,
  "set-var": ([name, ...conditions]) =>
    VARIABLE([name ?? null]) ??
    conditions.map((one) => conditionProblem(String(one ?? ""))).find((one) => one !== undefined),
  "unset-var": VARIABLE,
  var: VARIABLE,
  strcmp: VARIABLE,
  secure_memcmp: VARIABLE,
  json: oneOf(0, JSON_INPUTS),
  json_query: ([path]) => (String(path).startsWith("$") ? undefined : "a JSON path starts with '$'"),
  sha2: oneOf(0, ["224", "256", "384", "512"]),
  date: oneOf(1, ["s", "ms", "us"]),
  http_date: oneOf(1, ["s", "ms", "us"]),
  url_enc: oneOf(0, ["query"]),
  regsub: ([, , flags]) =>
    flags === undefined || flags === null || /^[gi]*$/.test(String(flags))
      ? undefined
      : `unknown flags '${String(flags)}'`,
  // `field` and `word` count from 1, or from the end when negative.
  field: ([index]) => (index === 0 ? "the index cannot be 0" : undefined),
  word: ([index]) => (index === 0 ? "the index cannot be 0" : undefined),
  aes_gcm_dec: oneOf(0, ["128", "192", "256"], false),
  bool: ([value]) =>
    value === undefined || ["true", "yes", "on", "1", "false", "no", "off", "0"].includes(String(value).toLowerCase())
      ? undefined
      : `'${String(value)}' is not a boolean`,
  bin: ([value]) =>
    /^([0-9a-fA-F]{2})*$/.test(String(value ?? "")) ? undefined : "expects pairs of hexadecimal digits",
  uuid: oneOf(0, ["4"]),
  rand: range(0, 1, 2 ** 32),
  digest: oneOf(0, DIGESTS, false),
  hmac: oneOf(0, DIGESTS, false),
  ipmask: () => undefined,
  add_item: optionalVariable(1),
  concat: optionalVariable(1),
  jwt_verify: ([algorithm]) => tokenAlgorithm(String(algorithm)),
};

/** What is wrong with the values, or undefined. */
export function checkCall(name: string, values: readonly SampleArgument[]): string | undefined {
  return lookUp(CHECKS, name)?.(values);
}
