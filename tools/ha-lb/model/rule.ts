import type { Position } from "../../../shared/text/position.ts";
import type { Condition } from "./condition.ts";
import type { LogFormat } from "./log-format.ts";
import type { SampleExpression, VariableName } from "./sample.ts";

/** Where a body or an error page comes from. `file` and `errorfile` are read when the configuration is loaded. */
export type BodySource =
  | { readonly kind: "none" }
  | { readonly kind: "default-errorfiles" }
  /** `errorfiles NAME`: pages of an `http-errors` section. */
  | { readonly kind: "errorfiles"; readonly section: string }
  /** A whole raw HTTP response. */
  | { readonly kind: "errorfile"; readonly path: string }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "string"; readonly text: string }
  | { readonly kind: "log-format-file"; readonly path: string }
  | { readonly kind: "log-format-string"; readonly format: LogFormat };

/** A response made here: `return`, `deny`, `tarpit`, `http-error`. */
export interface LocalReply {
  readonly status: number;
  readonly contentType?: string;
  readonly body: BodySource;
  readonly headers: readonly { readonly name: string; readonly value: LogFormat }[];
}

export type RedirectTarget =
  | { readonly kind: "location"; readonly format: LogFormat }
  /** The prefix is put before the path and query (or replaces nothing when it is `/`). */
  | { readonly kind: "prefix"; readonly format: LogFormat }
  | { readonly kind: "scheme"; readonly format: LogFormat };

export interface Redirect {
  readonly target: RedirectTarget;
  readonly code: 301 | 302 | 303 | 307 | 308;
  readonly dropQuery: boolean;
  readonly appendSlash: boolean;
  readonly ignoreEmpty: boolean;
  /** `set-cookie NAME[=VALUE]`, verbatim. */
  readonly setCookie?: string;
  /** `clear-cookie NAME[=]`, verbatim. */
  readonly clearCookie?: string;
}

export type LogLevel = "emerg" | "alert" | "crit" | "err" | "warning" | "notice" | "info" | "debug" | "silent";

export type NormalizeUri =
  | "fragment-encode"
  | "fragment-strip"
  | "path-merge-slashes"
  | "path-strip-dot"
  | "path-strip-dotdot"
  | "percent-decode-unreserved"
  | "percent-to-uppercase"
  | "query-sort-by-name";

/** Conditions of `set-var(name,cond,…)`. */
export const SET_VARIABLE_CONDITIONS = [
  "ifexists",
  "ifnotexists",
  "ifempty",
  "ifnotempty",
  "ifset",
  "ifnotset",
  "ifgt",
  "iflt",
] as const;
export type SetVariableCondition = (typeof SET_VARIABLE_CONDITIONS)[number];

/** Everything a rule can do. Which kinds a rule set accepts is checked when it is read. */
export type Action =
  | { readonly kind: "accept" }
  /** tcp-request: close; http-request reject too. */
  | { readonly kind: "reject" }
  | { readonly kind: "close" }
  | { readonly kind: "expect-proxy" }
  | { readonly kind: "expect-netscaler-cip" }
  | { readonly kind: "deny"; readonly reply: LocalReply }
  | { readonly kind: "tarpit"; readonly reply: LocalReply }
  | { readonly kind: "return"; readonly reply: LocalReply }
  | { readonly kind: "redirect"; readonly redirect: Redirect }
  | { readonly kind: "auth"; readonly realm?: string }
  | { readonly kind: "add-header"; readonly name: string; readonly value: LogFormat; readonly early: boolean }
  | { readonly kind: "set-header"; readonly name: string; readonly value: LogFormat }
  | { readonly kind: "del-header"; readonly name: string; readonly match: "str" | "beg" | "end" | "sub" | "reg" }
  /** `whole`: replace-header (the full value); otherwise replace-value (each comma-separated value). */
  | {
      readonly kind: "replace-header";
      readonly name: string;
      readonly pattern: string;
      readonly value: LogFormat;
      readonly whole: boolean;
    }
  | { readonly kind: "replace-path"; readonly pattern: string; readonly value: LogFormat; readonly withQuery: boolean }
  | { readonly kind: "replace-uri"; readonly pattern: string; readonly value: LogFormat }
  | { readonly kind: "set-method"; readonly value: LogFormat }
  | { readonly kind: "set-path"; readonly value: LogFormat; readonly withQuery: boolean }
  | { readonly kind: "set-query"; readonly value: LogFormat }
  | { readonly kind: "set-uri"; readonly value: LogFormat }
  | { readonly kind: "set-status"; readonly status: number; readonly reason?: string }
  | {
      readonly kind: "normalize-uri";
      readonly normalizer: NormalizeUri;
      readonly full: boolean;
      readonly strict: boolean;
    }
  | {
      readonly kind: "set-variable";
      readonly variable: VariableName;
      readonly value: SampleExpression;
      readonly conditions: readonly SetVariableCondition[];
    }
  | {
      readonly kind: "set-variable-format";
      readonly variable: VariableName;
      readonly value: LogFormat;
      readonly conditions: readonly SetVariableCondition[];
    }
  | { readonly kind: "unset-variable"; readonly variable: VariableName }
  | { readonly kind: "set-source"; readonly value: SampleExpression }
  | { readonly kind: "set-source-port"; readonly value: SampleExpression }
  | { readonly kind: "set-destination"; readonly value: SampleExpression }
  | { readonly kind: "set-destination-port"; readonly value: SampleExpression }
  | { readonly kind: "set-log-level"; readonly level: LogLevel }
  | { readonly kind: "set-nice"; readonly nice: number }
  | { readonly kind: "set-tos"; readonly tos: number }
  | { readonly kind: "set-mark"; readonly mark: number }
  | { readonly kind: "set-priority-class"; readonly value: SampleExpression }
  | { readonly kind: "set-priority-offset"; readonly value: SampleExpression }
  | { readonly kind: "set-timeout"; readonly which: "server" | "tunnel"; readonly value: number | SampleExpression }
  | { readonly kind: "set-bandwidth-limit"; readonly name: string }
  | { readonly kind: "track"; readonly slot: number; readonly key: SampleExpression; readonly table?: string }
  | {
      readonly kind: "increment-counter";
      readonly slot: number;
      readonly counter: number;
      readonly array: "gpc" | "gpc0" | "gpc1";
    }
  | {
      readonly kind: "set-tag";
      readonly slot: number;
      readonly tag: number;
      readonly array: "gpt" | "gpt0";
      readonly value: number | SampleExpression;
    }
  /** Into a declared slot (`id`), or a new slot of `length` bytes whose number is `slot`. */
  | { readonly kind: "capture"; readonly value: SampleExpression; readonly slot: number; readonly length: number }
  | { readonly kind: "edit-acl"; readonly operation: "add" | "delete"; readonly file: string; readonly key: LogFormat }
  | {
      readonly kind: "edit-map";
      readonly operation: "set" | "delete";
      readonly file: string;
      readonly key: LogFormat;
      readonly value?: LogFormat;
    }
  | { readonly kind: "silent-drop"; readonly resetMax?: number }
  | { readonly kind: "strict-mode"; readonly on: boolean }
  | { readonly kind: "disable-retry" }
  | { readonly kind: "early-hint"; readonly name: string; readonly value: LogFormat }
  | { readonly kind: "wait-for-body"; readonly timeMs: number; readonly atLeastBytes?: number }
  | { readonly kind: "wait-for-handshake" }
  | { readonly kind: "switch-mode"; readonly protocol: "h1" | "h2" | "http" }
  | {
      readonly kind: "resolve";
      readonly variable: VariableName;
      readonly resolvers: string;
      readonly family?: 4 | 6;
      readonly name: SampleExpression;
    }
  | { readonly kind: "use-service"; readonly service: string }
  | { readonly kind: "cache-use"; readonly cache: string }
  | { readonly kind: "cache-store"; readonly cache: string };

export interface Rule {
  readonly action: Action;
  readonly condition?: Condition;
  readonly at: Position;
}

/** A rule that ends the evaluation of its rule set when it applies. */
export const FINAL_ACTIONS: ReadonlySet<Action["kind"]> = new Set<Action["kind"]>([
  "accept",
  "reject",
  "close",
  "deny",
  "tarpit",
  "return",
  "redirect",
  "auth",
  "silent-drop",
  "use-service",
]);

/** `use_backend NAME if …`: a fixed name, or a name computed per request. */
export interface UseBackendRule {
  readonly target:
    { readonly kind: "name"; readonly name: string } | { readonly kind: "format"; readonly format: LogFormat };
  readonly condition?: Condition;
  readonly at: Position;
}

export interface UseServerRule {
  readonly target:
    { readonly kind: "name"; readonly name: string } | { readonly kind: "format"; readonly format: LogFormat };
  readonly condition?: Condition;
  readonly at: Position;
}

/** `force-persist` / `ignore-persist`. */
export interface PersistRule {
  readonly kind: "force" | "ignore";
  readonly condition: Condition;
  readonly at: Position;
}

/** `stick on|match|store-request|store-response`. `on` reads and writes. */
export interface StickRule {
  readonly kind: "on" | "match" | "store-request" | "store-response";
  readonly key: SampleExpression;
  /** The table's proxy; the own one when absent. */
  readonly table?: string;
  readonly condition?: Condition;
  readonly at: Position;
}
