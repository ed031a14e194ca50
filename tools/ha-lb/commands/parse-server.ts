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
  "track",
]);

/** Quotes and the like have no meaning in a command: the configuration shall read them as they are. */
function asWord(word: string): string {
  return word.replaceAll(/["'\\#\s]/g, "\\$&");
}

/**
 * The server that `add server BACKEND/NAME WORDS` means; `default-server` doesn't count for it.
 * @returns a sentence when it can't be read
 */
export function parseDynamicServer(proxy: Proxy, name: string, words: readonly string[]): Server | string {
  const refused = words.slice(1).find((word) => NOT_AT_RUN_TIME.has(word));
  if (refused !== undefined) return `'${refused}' option is not accepted for dynamic servers.`;
  const text = `backend cli\n mode ${proxy.mode}\n server ${[name, ...words].map(asWord).join(" ")}\n`;
  const result = parseConfiguration([{ file: "cli", text }], { environment: new Map(), diagnostics: false });
  if (result.ok) return result.value.proxies[0]?.servers[0] ?? "no server.";
  const [first] = result.problems;
  if (first === undefined) return "it can't be read.";
  if (first.code === "LB_UNKNOWN_WORD") return `unknown keyword '${String(Reflect.get(first.data, "word"))}'.`;
  if (first.code === "LB_BAD_COMBINATION" && String(Reflect.get(first.data, "keyword")).startsWith("proto "))
    return "MUX protocol is not usable for server.";
  return describe(LB_CONFIG_REASONS, first).sentence;
}
