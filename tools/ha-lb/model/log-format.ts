import type { Position } from "../../../shared/text/position.ts";
import type { SampleExpression } from "./sample.ts";

/** What `%{+Q,-X}…` switches: Q quotes, E escapes, X hexadecimal, M accepts an empty value. */
export interface LogFlags {
  readonly quote: boolean;
  readonly escape: boolean;
  readonly hexadecimal: boolean;
  readonly mandatory: boolean;
}

export type LogPart =
  | { readonly kind: "text"; readonly text: string }
  /** One of the short variables: `%ci`, `%Tr`, … without the percent sign. */
  | { readonly kind: "variable"; readonly name: string; readonly argument?: string; readonly flags: LogFlags }
  | { readonly kind: "sample"; readonly expression: SampleExpression; readonly flags: LogFlags };

/** A log-format string, also used by header values, redirects, returns and unique ids. */
export interface LogFormat {
  readonly parts: readonly LogPart[];
  readonly text: string;
  readonly at: Position;
}
