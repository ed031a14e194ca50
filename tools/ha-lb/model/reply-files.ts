import type { LogFormat } from "./log-format.ts";

/** What the files hold that replies and error pages name; read when the configuration is loaded. */
export interface ReplyFiles {
  /** By path, as byte strings. */
  readonly texts: ReadonlyMap<string, string>;
  /** Those of `lf-file`, by path. */
  readonly formats: ReadonlyMap<string, LogFormat>;
}
