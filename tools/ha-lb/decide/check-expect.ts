/** What a server answered to a check, against what was expected. Pure. */
import { compileRegex } from "../model/regex.ts";
import type { LogFormat } from "../model/log-format.ts";
import type { CheckStep } from "../model/health-check.ts";

export interface CheckReply {
  /** All bytes so far. */
  readonly text: string;
  readonly status: number | undefined;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
  readonly headComplete: boolean;
  /** The head, and the body as far as its length is known, has come. */
  readonly complete: boolean;
}

/** An answer that is no HTTP, or isn't read as such. */
export function plainReply(text: string): CheckReply {
  return { text, status: undefined, headers: [], body: "", headComplete: false, complete: false };
}

export function parseResponse(text: string): CheckReply {
  const status = /^HTTP\/1\.[01] (\d{3})(?: |\r\n)/.exec(text)?.[1];
  const end = text.indexOf("\r\n\r\n");
  if (status === undefined) return plainReply(text);
  if (end < 0) return { ...plainReply(text), status: Number(status) };
  const headers = text
    .slice(0, end)
    .split("\r\n")
    .slice(1)
    .map((line): readonly [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    });
  const body = text.slice(end + 4);
  const length = Number(headers.find(([name]) => name === "content-length")?.[1] ?? 0);
  return { text, status: Number(status), headers, body, headComplete: true, complete: body.length >= length };
}

function unhex(digits: string): string {
  return digits.replace(/../g, (pair) => String.fromCharCode(Number.parseInt(pair, 16)));
}

function compare(value: string, how: "str" | "beg" | "end" | "sub" | "reg", wanted: string): boolean {
  switch (how) {
    case "str":
      return value === wanted;
    case "beg":
      return value.startsWith(wanted);
    case "end":
      return value.endsWith(wanted);
    case "sub":
      return value.includes(wanted);
    case "reg":
      return matches(wanted, value);
  }
}

function matches(pattern: string, text: string, flags: "" | "i" = ""): boolean {
  const regex = compileRegex(pattern, flags);
  return typeof regex !== "string" && regex.test(text);
}

/** Is the expectation met? `more`: what has come can't tell yet. */
export function stepMatches(
  step: CheckStep & { readonly kind: "expect" },
  reply: CheckReply,
  ended: boolean,
  render: (format: LogFormat) => string,
): boolean | "more" {
  const { match } = step;
  const least = step.outcome.minReceive ?? 0;
  if (reply.text.length < least && !ended) return "more";
  const found = isMet(match, reply, render);
  if (found === "more") return ended ? step.negate : "more";
  const needsAll = /^r?(?:string|binary)(?:-lf)?$/.test(match.kind);
  const isHttp = reply.status !== undefined;
  // What isn't there yet may still come.
  if (!found && needsAll && !ended && !(isHttp && reply.complete)) return "more";
  return found !== step.negate;
}

function isMet(
  match: (CheckStep & { readonly kind: "expect" })["match"],
  reply: CheckReply,
  render: (format: LogFormat) => string,
): boolean | "more" {
  const { status } = reply;
  const searched = status === undefined ? reply.text : reply.body;
  switch (match.kind) {
    case "status":
      return status === undefined ? "more" : match.ranges.some(([least, most]) => status >= least && status <= most);
    case "rstatus":
      return status === undefined ? "more" : matches(match.pattern, String(status));
    case "string":
    case "binary":
      return searched.includes(match.pattern);
    case "rstring":
      return matches(match.pattern, searched);
    case "rbinary":
      return matches(match.pattern, Buffer.from(searched, "latin1").toString("hex").toUpperCase());
    case "string-lf":
    case "binary-lf":
      return searched.includes(match.kind === "string-lf" ? render(match.format) : unhex(render(match.format)));
    case "hdr":
    case "fhdr": {
      if (!reply.headComplete) return "more";
      const name = typeof match.name === "string" ? match.name : render(match.name);
      const value = match.value === undefined || typeof match.value === "string" ? match.value : render(match.value);
      return reply.headers.some(
        ([its, text]) =>
          (match.nameMatch === "reg" ? matches(name, its, "i") : compare(its, match.nameMatch, name.toLowerCase())) &&
          (value === undefined ||
            (match.kind === "fhdr" ? [text] : text.split(",").map((part) => part.trim())).some((part) =>
              compare(part, match.valueMatch, value),
            )),
      );
    }
  }
}
