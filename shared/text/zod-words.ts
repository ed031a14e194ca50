import { z } from "zod";
import type { Parsed } from "./parsed.ts";
import { formatAddress, parseAddress } from "./address.ts";
import { parseDuration, type DurationOptions } from "./duration.ts";
import { formatPrefix, parsePrefix } from "./prefix.ts";

/**
 * Zod schemas for the words of configuration files. Each takes what a person writes and gives the value;
 * a wrong word keeps its code of the text catalogue (see `checkYaml`).
 */
function word<Value>(read: (text: string) => Parsed<Value>) {
  return z.union([z.string(), z.number()]).transform((input, context) => {
    const outcome = read(String(input));
    if (outcome.ok) return outcome.value;
    const { code, data } = outcome.problem;
    context.issues.push({ code: "custom", message: code, input, params: { code, data } });
    return z.NEVER;
  });
}

/** A duration; gives milliseconds. */
export function durationWord(options: DurationOptions = {}) {
  return word((text) => parseDuration(text, options));
}

/** An IP address; gives its canonical text. */
export function addressWord() {
  return word<string>((text) => {
    const outcome = parseAddress(text);
    return outcome.ok ? { ok: true, value: formatAddress(outcome.value) } : outcome;
  });
}

/** An address with prefix length; gives its canonical text. */
export function prefixWord(options: { bareLength?: number } = {}) {
  return word<string>((text) => {
    const outcome = parsePrefix(text, options);
    return outcome.ok ? { ok: true, value: formatPrefix(outcome.value) } : outcome;
  });
}
