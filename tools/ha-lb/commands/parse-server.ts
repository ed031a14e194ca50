import { parseConfiguration } from "../config/parse.ts";
import type { Proxy } from "../model/proxy.ts";
import type { Server } from "../model/server.ts";
import { describe } from "../../../shared/reason/catalogue.ts";
import { LB_CONFIG_REASONS } from "../model/reasons.ts";

/** Words that need more of the configuration than a server that comes at run time can have. */
const NOT_AT_RUN_TIME: ReadonlySet<string> = new Set([
  "cookie",
  "disabled",
  "enabled",
  "id",
  "init-addr",
  "namespace",
  "observe",
  "on-error",
  "redir",
  "resolvers",
  "slowstart",
]);

/** Quotes and the like have no meaning in a command: the configuration shall read them as they are. */
function asWord(word: string): string {
  return word.replaceAll(/["'\\#\s]/g, "\\$&");
}

/** `PROXY/SERVER`, or a server of the own proxy. */
function placeOf(text: string): NonNullable<Server["track"]> {
  const slash = text.lastIndexOf("/");
  return slash < 0 ? { server: text } : { proxy: text.slice(0, slash), server: text.slice(slash + 1) };
}

/**
 * The server that `add server BACKEND/NAME WORDS` means; `default-server` doesn't count for it.
 * @returns a sentence when it can't be read
 */
export function parseDynamicServer(proxy: Proxy, name: string, words: readonly string[]): Server | string {
  const refused = words.slice(1).find((word) => NOT_AT_RUN_TIME.has(word));
  if (refused !== undefined) return `'${refused}' option is not accepted for dynamic servers.`;
  // Whom it tracks is in the configuration that runs.
  const at = words.indexOf("track", 1);
  const [, followed] = at < 0 ? [] : words.slice(at, at + 2);
  if (at >= 0 && followed === undefined) return "'track' expects [<proxy>/]<server> as argument..";
  const own = at < 0 ? words : words.toSpliced(at, 2);
  const text = `backend cli\n mode ${proxy.mode}\n server ${[name, ...own].map(asWord).join(" ")}\n`;
  const result = parseConfiguration([{ file: "cli", text }], { environment: new Map(), diagnostics: false });
  if (result.ok) {
    const server = result.value.proxies[0]?.servers[0];
    if (server === undefined) return "no server.";
    if (followed === undefined) return server;
    if (server.check.enabled) return "unable to enable checks and tracking at the same time!";
    return { ...server, track: placeOf(followed) };
  }
  const [first] = result.problems;
  if (first === undefined) return "it can't be read.";
  if (first.code === "LB_UNKNOWN_WORD") return `unknown keyword '${String(Reflect.get(first.data, "word"))}'.`;
  if (first.code === "LB_BAD_COMBINATION" && String(Reflect.get(first.data, "keyword")).startsWith("proto "))
    return "MUX protocol is not usable for server.";
  return describe(LB_CONFIG_REASONS, first).sentence;
}
