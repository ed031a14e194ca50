import type { BodySource, LocalReply } from "../model/rule.ts";
import { hintFor, type Line } from "./line.ts";
import { parseLogFormat } from "./log-format.ts";
import type { Scope } from "./scope.ts";

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
type ReplyDraft = Mutable<Omit<LocalReply, "headers">> & { headers: LocalReply["headers"][number][] };

const WORDS = [
  "status",
  "deny_status",
  "content-type",
  "errorfile",
  "errorfiles",
  "default-errorfiles",
  "file",
  "string",
  "lf-file",
  "lf-string",
  "hdr",
];
/** Statuses for which the reference has default pages. */
export const ERROR_STATUSES: readonly number[] = [
  200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 425, 429, 500, 501, 502, 503, 504,
];

/** Reads the arguments of `return`, `deny`, `tarpit` and `http-error`; stops at `if` or `unless`. */
export function parseReply(
  scope: Scope,
  line: Line,
  from: number,
  keyword: string,
  status: number,
): { readonly reply: LocalReply; readonly next: number } | undefined {
  const reply: ReplyDraft = { status, body: { kind: "none" }, headers: [] };
  let next = from;
  let good = true;
  while (next < line.length && line.text(next) !== "if" && line.text(next) !== "unless") {
    const word = line.text(next);
    if (word === "default-errorfiles") {
      reply.body = { kind: "default-errorfiles" };
      next += 1;
      continue;
    }
    if (!WORDS.includes(word)) {
      line.problem("LB_UNKNOWN_WORD", { keyword, word, hint: hintFor(word, [...WORDS, "if", "unless"]) }, next);
      return undefined;
    }
    if (line.need(next + 1, `${keyword} ${word}`, "an argument") === undefined) return undefined;
    good = applyReplyWord(scope, reply, line, next, word) && good;
    next += word === "hdr" ? 3 : 2;
  }
  if (!good) return undefined;
  const problem = replyProblem(reply, keyword);
  if (problem !== undefined) {
    line.problem("LB_BAD_COMBINATION", { keyword, problem }, from - 1);
    return undefined;
  }
  return { reply, next };
}

function replyProblem(reply: ReplyDraft, keyword: string): string | undefined {
  const own = ["file", "string", "log-format-file", "log-format-string"].includes(reply.body.kind);
  if (own && reply.contentType === undefined) return "a body needs a 'content-type'";
  const errorPage = reply.body.kind === "errorfile" || reply.body.kind === "errorfiles";
  if (errorPage && reply.headers.length > 0) return "'hdr' doesn't go with error files";
  if (keyword.endsWith("return") && errorPage && !ERROR_STATUSES.includes(reply.status)) {
    return `there are no error files for status ${reply.status}`;
  }
  return undefined;
}

function applyReplyWord(scope: Scope, reply: ReplyDraft, line: Line, index: number, word: string): boolean {
  const value = line.text(index + 1);
  switch (word) {
    case "status":
    case "deny_status": {
      const status = line.integer(index + 1, word, 200, 599);
      if (status !== undefined) reply.status = status;
      return status !== undefined;
    }
    case "content-type":
      reply.contentType = value;
      return true;
    case "hdr": {
      if (line.need(index + 2, word, "a name and a value") === undefined) return false;
      const format = parseLogFormat(scope, line.text(index + 2), line.at(index + 2));
      if (format !== undefined) reply.headers.push({ name: value, value: format });
      return format !== undefined;
    }
    default: {
      const body = parseBody(scope, line, index, word, value);
      if (body !== undefined) reply.body = body;
      return body !== undefined;
    }
  }
}

const FILE_WORDS = ["errorfile", "file", "lf-file"];

function parseBody(scope: Scope, line: Line, index: number, word: string, value: string): BodySource | undefined {
  if (FILE_WORDS.includes(word)) {
    scope.references.push({ kind: "file", name: value, from: scope.section, keyword: word, at: line.at(index + 1) });
  }
  switch (word) {
    case "errorfile":
      return { kind: "errorfile", path: value };
    case "errorfiles":
      scope.references.push({
        kind: "http-errors",
        name: value,
        from: scope.section,
        keyword: word,
        at: line.at(index + 1),
      });
      return { kind: "errorfiles", section: value };
    case "file":
      return { kind: "file", path: value };
    case "string":
      return { kind: "string", text: value };
    case "lf-file":
      return { kind: "log-format-file", path: value };
    default: {
      const format = parseLogFormat(scope, value, line.at(index + 1));
      return format === undefined ? undefined : { kind: "log-format-string", format };
    }
  }
}
