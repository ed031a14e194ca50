import type { IpAddress } from "../../model/ip.ts";
import type { LogLevel } from "../../model/rule.ts";
import type { SampleContext } from "../../model/sample-context.ts";
import type { SampleValue } from "../../model/value.ts";
import type { StatsRow } from "../../model/stats-row.ts";
import type { Head } from "../http/head.ts";

/** What rules may change: the stream at hand, beyond what expressions read of it. */
export interface RuleTarget extends SampleContext {
  readonly requestHead: Head;
  /** Set while response rules run. */
  responseHead: Head | undefined;
  lastRule: { readonly file: string; readonly line: number } | undefined;
  logLevel: LogLevel | undefined;
  retriesOff: boolean;
  /** Rules that wait for something: where their set goes on. */
  resume: { readonly steps: object; readonly index: number } | undefined;
  /** Has so much of the message's body come? 0: all of it. */
  isBodyHere(side: "request" | "response", atLeastBytes: number): boolean;
  /** Fields for the client before the answer (RFC 8297). */
  sendEarlyHints(lines: string): void;
  /** Over the proxy's own timeouts. */
  serverTimeoutMs: number | undefined;
  tunnelTimeoutMs: number | undefined;
  setSource(address: IpAddress | undefined, port: number | undefined): void;
  setDestination(address: IpAddress | undefined, port: number | undefined): void;
  track(slot: number, table: string, key: SampleValue): void;
  incrementTracked(slot: number, counter: string, index: number): void;
  setTag(slot: number, name: string, index: number, value: number): void;
  capture(side: "request" | "response", slot: number, text: string): void;
  /** The status of all proxies. */
  statsRows(): readonly StatsRow[];
  /** The page that the proxy has for a status. */
  errorPage(status: number): string;
}
