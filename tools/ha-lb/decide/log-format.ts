import type { LogFlags, LogFormat, LogPart } from "../model/log-format.ts";
import type { SampleContext } from "../model/sample-context.ts";
import { compileExpression } from "./expression.ts";
import { logVariable } from "./log-format-variables.ts";
import { hexOf, toText } from "./sample-cast.ts";
import type { CompileEnvironment } from "./sample-types.ts";

/** Gives the text of a format now. */
export type Render = (context: SampleContext) => string;

/**
 * How values are made safe: in log lines they are quoted and encoded; what becomes a part of a message of HTTP has its
 * control characters encoded, as in an URI; other values stay as they are.
 */
export type RenderPurpose = "log" | "value" | "http";

/** Compiles a format; compile once, when the configuration is loaded. */
export function compileLogFormat(format: LogFormat, environment: CompileEnvironment, purpose: RenderPurpose): Render {
  const parts = format.parts.map((part) => compilePart(part, environment, purpose));
  const mayVanish = format.parts.map((part) => part.kind === "variable" && CAPTURES[part.name] !== undefined);
  if (mayVanish.includes(true)) return joinAround(parts, mayVanish);
  const [first, second] = parts;
  if (first === undefined) return () => "";
  if (second === undefined) return first;
  if (parts.length === 2) return (context) => first(context) + second(context);
  return (context) => {
    let text = "";
    for (const part of parts) text += part(context);
    return text;
  };
}

/** Where nothing is captured nothing is written, also not the blank after it. */
function joinAround(parts: readonly Render[], mayVanish: readonly boolean[]): Render {
  return (context) => {
    let text = "";
    let vanished = false;
    for (const [index, part] of parts.entries()) {
      const piece = part(context);
      const skipsBlank = vanished && piece.startsWith(" ") && (text === "" || text.endsWith(" "));
      vanished = mayVanish[index] === true && piece === "";
      text += skipsBlank ? piece.slice(1) : piece;
    }
    return text;
  };
}

function compilePart(part: LogPart, environment: CompileEnvironment, purpose: RenderPurpose): Render {
  switch (part.kind) {
    case "text": {
      const { text } = part;
      return () => text;
    }
    case "variable": {
      const captures = CAPTURES[part.name];
      if (captures !== undefined) return compileCaptures(captures, part.flags, purpose);
      const read = logVariable(part.name, part.argument, part.flags);
      const { flags } = part;
      return (context) => decorate(read(context), flags, purpose);
    }
    case "sample": {
      const { get } = compileExpression(part.expression, environment);
      const { flags } = part;
      const plainValue = purpose !== "log" && !flags.quote && !flags.escape;
      return (context) => {
        const value = get(context);
        const text = value === undefined || typeof value === "string" ? value : toText(value);
        const safe = purpose === "http" && text !== undefined ? encodeControls(text) : text;
        return plainValue ? (safe ?? "") : decorate(safe, flags, purpose);
      };
    }
  }
}

/** `%hr` and its like: the texts are encoded one by one, what stands between them is not. */
const CAPTURES: Readonly<Record<string, { readonly side: "request" | "response"; readonly isList: boolean }>> = {
  hr: { side: "request", isList: false },
  hs: { side: "response", isList: false },
  hrl: { side: "request", isList: true },
  hsl: { side: "response", isList: true },
};

function compileCaptures(
  { isList, side }: { readonly side: "request" | "response"; readonly isList: boolean },
  flags: LogFlags,
  purpose: RenderPurpose,
): Render {
  const read = ({ log }: SampleContext) => (side === "request" ? log.requestCaptures : log.responseCaptures);
  if (isList) {
    return (context) =>
      read(context)
        .map((text) => decorate(text, flags, purpose))
        .join(" ");
  }
  return (context) => {
    const texts = read(context);
    if (texts.length === 0) return "";
    const encoded = texts.map((text = "") => (purpose !== "log" ? text : encodeForLog(text)));
    return flags.quote ? `"{${encoded.join("|")}}"` : `{${encoded.join("|")}}`;
  };
}

/** An absent value is a dash in logs; quoted it is an empty pair of quotes. */
function decorate(text: string | undefined, flags: LogFlags, purpose: RenderPurpose): string {
  if (purpose !== "log") return text === undefined ? "" : flags.quote ? `"${text}"` : text;
  if (text === undefined || text === "") return flags.quote ? '""' : "-";
  const safe = flags.escape ? escapeBackslash(text) : encodeForLog(text);
  return flags.quote ? `"${safe}"` : safe;
}

/** A tab is none: it may stand in a field. */
const isControl = (unit: number): boolean => (unit < 0x20 && unit !== 0x09) || unit === 0x7f;

/** A value can't end a line, or begin another field (RFC 9110, section 5.5). */
function encodeControls(text: string): string {
  let result = "";
  let from = 0;
  for (let index = 0; index < text.length; index += 1) {
    if (!isControl(text.charCodeAt(index))) continue;
    result += `${text.slice(from, index)}%${hexOf(text.charAt(index))}`;
    from = index + 1;
  }
  return from === 0 ? text : result + text.slice(from);
}

/** Bytes that can't stand in a log line are shown as `#XX`: controls, quotes, `#`, braces, bars and all above 126. */
export function encodeForLog(text: string): string {
  for (let index = 0; index < text.length; index += 1) {
    if (!isLoggable(text.charCodeAt(index))) return encodeAll(text);
  }
  return text;
}

function isLoggable(unit: number): boolean {
  if (unit < 0x20 || unit > 0x7e) return false;
  return unit !== 0x22 && unit !== 0x23 && unit !== 0x7b && unit !== 0x7c && unit !== 0x7d;
}

function encodeAll(text: string): string {
  let result = "";
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charAt(index);
    result += isLoggable(text.charCodeAt(index)) ? unit : `#${hexOf(unit)}`;
  }
  return result;
}

/** `+E`: a backslash before quotes, backslashes and brackets (RFC 5424 structured data). */
function escapeBackslash(text: string): string {
  return text.replace(/["\\\]]/g, (unit) => `\\${unit}`);
}
