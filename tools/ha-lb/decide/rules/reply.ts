import type { LocalReply, Redirect } from "../../model/rule.ts";
import { reasonPhrase } from "../http/error-page.ts";
import { compileLogFormat, type Render } from "../log-format.ts";
import { pathAndQueryOf } from "../sample-http-text.ts";
import type { CompileEnvironment } from "../sample-types.ts";
import type { RuleTarget } from "./target.ts";

/** Makes the text of a local reply: head and body as a byte string, without a Connection field. */
export type MakeReply = (target: RuleTarget) => string;

/** Compiles `return`, `deny`, `tarpit`, `http-error`. Without a body of its own a refusal shows the error page. */
export function compileReply(reply: LocalReply, environment: CompileEnvironment, refusal: boolean): MakeReply {
  const headers = reply.headers.map(({ name, value }) => ({
    name,
    render: compileLogFormat(value, environment, "http"),
  }));
  const body = bodyOf(reply, environment);
  if (body === undefined && (refusal || reply.body.kind !== "none")) {
    const page = pageOf(reply, environment);
    if (page !== undefined) return () => page;
    return (target) => withFields(target.errorPage(reply.status), headers, target);
  }
  const start = `HTTP/1.1 ${reply.status} ${reasonPhrase(reply.status)}\r\n`;
  return (target) => {
    const text = body?.(target) ?? "";
    let head = `${start}${fieldLines(headers, target)}Content-Length: ${text.length}\r\n`;
    // Nothing has no type, also when one is given.
    if (text !== "") head += `Content-Type: ${reply.contentType ?? "text/plain"}\r\n`;
    return `${head}\r\n${text}`;
  };
}

type Fields = readonly { readonly name: string; readonly render: Render }[];

/** A field without a value is left out. */
function fieldLines(headers: Fields, target: RuleTarget): string {
  let lines = "";
  for (const { name, render } of headers) {
    const value = oneLine(render(target));
    if (value !== "") lines += `${name}: ${value}\r\n`;
  }
  return lines;
}

/** The whole response of a file that the reply names. Empty: the connection is closed without a word. */
function pageOf(reply: LocalReply, { files, sectionPage }: CompileEnvironment): string | undefined {
  const { body, status } = reply;
  if (body.kind === "errorfile") return files.texts.get(body.path);
  const path = body.kind === "errorfiles" ? sectionPage(body.section, status) : undefined;
  return path === undefined ? undefined : files.texts.get(path);
}

function withFields(page: string, headers: Fields, target: RuleTarget): string {
  if (headers.length === 0) return page;
  const end = page.indexOf("\r\n\r\n") + 2;
  return page.slice(0, end) + fieldLines(headers, target) + page.slice(end);
}

function bodyOf(reply: LocalReply, environment: CompileEnvironment): ((target: RuleTarget) => string) | undefined {
  const { body } = reply;
  switch (body.kind) {
    case "string":
      return () => body.text;
    case "file": {
      const text = environment.files.texts.get(body.path) ?? "";
      return () => text;
    }
    case "log-format-string":
      return compileLogFormat(body.format, environment, "http");
    case "log-format-file": {
      const format = environment.files.formats.get(body.path);
      return format === undefined ? () => "" : compileLogFormat(format, environment, "http");
    }
    case "none":
    case "default-errorfiles":
    case "errorfiles":
    case "errorfile":
      return undefined;
  }
}

/** A value made from what a client sent must not end its header. */
export function oneLine(text: string): string {
  return /[\r\n\0]/.test(text) ? text.replace(/[\r\n\0]/g, "") : text;
}

/** Compiles `redirect`: gives the response, or nothing for an empty location with `ignore-empty`. */
export function compileRedirect(
  redirect: Redirect,
  environment: CompileEnvironment,
): (target: RuleTarget) => string | undefined {
  const render = compileLogFormat(redirect.target.format, environment, "http");
  const { kind } = redirect.target;
  return (target) => {
    const given = render(target);
    if (given === "" && redirect.ignoreEmpty) return undefined;
    const location = oneLine(locationOf(kind, given, redirect, target));
    let head = `HTTP/1.1 ${redirect.code} ${reasonPhrase(redirect.code)}\r\nContent-Length: 0\r\nLocation: ${location}\r\n`;
    if (redirect.code === 302 || redirect.code === 303 || redirect.code === 307) head += "Cache-Control: no-cache\r\n";
    if (redirect.setCookie !== undefined) head += `Set-Cookie: ${redirect.setCookie}; path=/;\r\n`;
    if (redirect.clearCookie !== undefined) head += `Set-Cookie: ${redirect.clearCookie}; path=/; Max-Age=0;\r\n`;
    return `${head}\r\n`;
  };
}

function locationOf(
  kind: Redirect["target"]["kind"],
  given: string,
  redirect: Redirect,
  { requestHead }: RuleTarget,
): string {
  if (kind === "location") return given;
  let path = pathAndQueryOf(requestHead.target) ?? "";
  if (redirect.dropQuery) path = path.split("?", 1)[0] ?? "";
  if (redirect.appendSlash) {
    const mark = path.indexOf("?");
    const bare = mark < 0 ? path : path.slice(0, mark);
    if (!bare.endsWith("/")) path = `${bare}/${mark < 0 ? "" : path.slice(mark)}`;
  }
  if (kind === "scheme") return `${given}://${requestHead.first("host") ?? ""}${path}`;
  return given === "/" ? path : given + path;
}
