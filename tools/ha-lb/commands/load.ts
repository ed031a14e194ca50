/** What a data plane needs besides the configuration: ready-made formats, and the texts of files. */
import { readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { type Reason, reason } from "../../../shared/reason/catalogue.ts";
import { fail, type Result } from "../../../shared/reason/result.ts";
import { parseConfiguration } from "../config/parse.ts";
import { LOG_STYLE_FORMATS } from "../decide/log-format-default.ts";
import type { Configuration } from "../model/configuration.ts";
import type { LogFormat } from "../model/log-format.ts";
import type { LogStyle } from "../model/proxy.ts";
import { LB_CONFIG_REASONS } from "../model/reasons.ts";
import { parseLogFormat } from "../config/log-format.ts";
import { Report } from "../config/report.ts";
import { SAMPLE_PLACES } from "../config/sample-table.ts";
import type { ReplyFiles } from "../model/reply-files.ts";
import type { BodySource } from "../model/rule.ts";

const STYLES = ["default", "default-http", "tcp", "http", "http-clf", "https", "json"] as const;

/** The ready-made log formats, read by the same reader as the operator's. */
export function styleFormats(): Partial<Record<LogStyle, LogFormat>> {
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const sections = STYLES.map(
    (style) => `frontend ${style}\n mode http\n log-format ${quoted(LOG_STYLE_FORMATS[style])}\n`,
  );
  const result = parseConfiguration([{ file: "built-in", text: sections.join("") }], { environment: new Map() });
  if (!result.ok) throw new Error(`the built-in log formats can't be read: ${JSON.stringify(result.problems)}`);
  const formats: Partial<Record<LogStyle, LogFormat>> = {};
  for (const style of STYLES) {
    const format = result.value.proxies.find((proxy) => proxy.name === style)?.logFormat;
    if (format !== undefined) formats[style] = format;
  }
  return formats;
}

/** Paths of all files that replies and error pages name. */
function namedFiles(configuration: Configuration, bodies: readonly BodySource[]): ReadonlySet<string> {
  const paths = new Set<string>();
  for (const section of configuration.httpErrors.values()) for (const path of section.files.values()) paths.add(path);
  for (const proxy of configuration.proxies) {
    for (const { answer } of proxy.errorPages) if (answer.kind === "file") paths.add(answer.path);
  }
  for (const body of bodies) {
    if (body.kind === "file" || body.kind === "errorfile" || body.kind === "log-format-file") paths.add(body.path);
  }
  return paths;
}

function replyBodies(configuration: Configuration): BodySource[] {
  return configuration.proxies.flatMap((proxy) => [
    ...proxy.errorPages.flatMap(({ answer }) => (answer.kind === "reply" ? [answer.reply.body] : [])),
    ...[...proxy.httpRequest, ...proxy.httpResponse, ...proxy.httpAfterResponse].flatMap(({ action }) =>
      action.kind === "return" || action.kind === "deny" || action.kind === "tarpit" ? [action.reply.body] : [],
    ),
  ]);
}

/** Reads them, as byte strings. Gives the first that can't be read instead. */
export function readNamedFiles(configuration: Configuration): Result<ReplyFiles> {
  const texts = new Map<string, string>();
  const problems: Reason[] = [];
  const bodies = replyBodies(configuration);
  for (const path of namedFiles(configuration, bodies)) {
    try {
      texts.set(path, normaliseErrorFile(readFileSync(path, "latin1")));
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      problems.push(reason(LB_CONFIG_REASONS, "LB_FILE_UNREADABLE", { keyword: "errorfile", path, problem }));
    }
  }
  const formats = problems.length > 0 ? new Map() : readFormats(bodies, texts, problems);
  return problems.length > 0 ? fail(problems) : { ok: true, value: { texts, formats }, warnings: [] };
}

/** Files of `lf-file` are log formats as a whole, their line ends included. */
function readFormats(
  bodies: readonly BodySource[],
  texts: ReadonlyMap<string, string>,
  problems: Reason[],
): ReadonlyMap<string, LogFormat> {
  const formats = new Map<string, LogFormat>();
  for (const body of bodies) {
    if (body.kind !== "log-format-file" || formats.has(body.path)) continue;
    const report = new Report();
    const scope = { report, references: [], section: "", places: SAMPLE_PLACES, keyword: "lf-file" };
    const at = { file: body.path, line: 1, column: 1 };
    const format = parseLogFormat(scope, texts.get(body.path) ?? "", at);
    if (format !== undefined) formats.set(body.path, format);
    problems.push(...report.errors);
  }
  return formats;
}

/** Error files are raw responses, often written with bare line feeds and with headers that describe a connection. */
function normaliseErrorFile(text: string): string {
  if (!text.startsWith("HTTP/1.")) return text;
  const parts = /^([\s\S]*?)\r?\n\r?\n([\s\S]*)$/.exec(text);
  if (parts === null) return text;
  const [, head = "", body = ""] = parts;
  const lines = head.split(/\r?\n/).filter((line) => !/^(connection|content-length|transfer-encoding):/i.test(line));
  lines.push(`Content-Length: ${body.length}`);
  return `${lines.join("\r\n").replace(/^HTTP\/1\.0/, "HTTP/1.1")}\r\n\r\n${body}`;
}

export function readOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(isAbsolute(path) ? path : join(process.cwd(), path), "latin1");
  } catch {
    return undefined;
  }
}
