import type { Position } from "../../../shared/text/position.ts";
import type { SocketAddress } from "./address.ts";
import type { LogFormat } from "./log-format.ts";
import type { SampleExpression, VariableName } from "./sample.ts";

/** What a check of this proxy's servers does after (or instead of) connecting. */
export type HealthCheck =
  | { readonly kind: "tcp" }
  /** A sequence of steps: `option httpchk` and `option tcp-check` with their rules. */
  | { readonly kind: "http"; readonly steps: readonly CheckStep[] }
  | { readonly kind: "tcp-sequence"; readonly steps: readonly CheckStep[] }
  | { readonly kind: "ssl-hello" }
  | { readonly kind: "mysql"; readonly user?: string; readonly post41: boolean }
  | { readonly kind: "pgsql"; readonly user: string }
  | { readonly kind: "redis" }
  | { readonly kind: "smtp"; readonly greeting: string; readonly domain: string }
  | { readonly kind: "ldap" }
  | { readonly kind: "spop" }
  | { readonly kind: "external"; readonly command?: string; readonly path?: string };

export type ExpectStatus =
  "L7OK" | "L7OKC" | "L6OK" | "L4OK" | "L7STS" | "L7RSP" | "L7TOUT" | "L6RSP" | "L6TOUT" | "L4CON" | "L4TOUT";

export interface ExpectOutcome {
  readonly okStatus?: ExpectStatus;
  readonly errorStatus?: ExpectStatus;
  readonly timeoutStatus?: ExpectStatus;
  readonly onSuccess?: LogFormat;
  readonly onError?: LogFormat;
  readonly statusCode?: SampleExpression;
  readonly minReceive?: number;
  readonly comment?: string;
}

export type ExpectMatch =
  | { readonly kind: "status"; readonly ranges: readonly (readonly [number, number])[] }
  | { readonly kind: "rstatus"; readonly pattern: string }
  | { readonly kind: "string" | "rstring" | "binary" | "rbinary"; readonly pattern: string }
  | { readonly kind: "string-lf" | "binary-lf"; readonly format: LogFormat }
  | {
      readonly kind: "hdr" | "fhdr";
      readonly nameMatch: "str" | "beg" | "end" | "sub" | "reg";
      readonly name: string | LogFormat;
      readonly valueMatch: "str" | "beg" | "end" | "sub" | "reg";
      readonly value?: string | LogFormat;
      readonly full: boolean;
    };

export type CheckStep =
  | {
      readonly kind: "connect";
      readonly defaults: boolean;
      readonly port?: number | SampleExpression;
      readonly address?: SocketAddress;
      readonly tls: boolean;
      readonly sendProxy: boolean;
      readonly sni?: string;
      readonly alpn: readonly string[];
      readonly linger: boolean;
      readonly protocol?: string;
      readonly comment?: string;
      readonly at: Position;
    }
  | {
      readonly kind: "send-http";
      readonly method: string;
      readonly uri: string | LogFormat;
      readonly version: string;
      readonly headers: readonly { readonly name: string; readonly value: LogFormat }[];
      readonly body?: string | LogFormat;
      readonly comment?: string;
      readonly at: Position;
    }
  | { readonly kind: "send"; readonly data: string; readonly comment?: string; readonly at: Position }
  | {
      readonly kind: "send-format";
      readonly format: LogFormat;
      readonly binary: boolean;
      readonly comment?: string;
      readonly at: Position;
    }
  | {
      readonly kind: "expect";
      readonly negate: boolean;
      readonly match: ExpectMatch;
      readonly outcome: ExpectOutcome;
      readonly at: Position;
    }
  | {
      readonly kind: "set-variable";
      readonly variable: VariableName;
      readonly value: SampleExpression | LogFormat;
      readonly at: Position;
    }
  | { readonly kind: "unset-variable"; readonly variable: VariableName; readonly at: Position }
  | { readonly kind: "comment"; readonly text: string; readonly at: Position };
