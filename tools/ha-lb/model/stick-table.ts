import type { Position } from "../../../shared/text/position.ts";

export type StickKeyType = "ip" | "ipv6" | "integer" | "string" | "binary";

/** What a table can keep per key; `periodMs` for the rates, `length` for the arrays. */
export interface StickCounter {
  readonly name: StickCounterName;
  readonly periodMs?: number;
  readonly length?: number;
}

export const STICK_COUNTER_NAMES = [
  "server_id",
  "gpt",
  "gpt0",
  "gpc",
  "gpc_rate",
  "gpc0",
  "gpc0_rate",
  "gpc1",
  "gpc1_rate",
  "conn_cnt",
  "conn_rate",
  "conn_cur",
  "sess_cnt",
  "sess_rate",
  "http_req_cnt",
  "http_req_rate",
  "http_err_cnt",
  "http_err_rate",
  "http_fail_cnt",
  "http_fail_rate",
  "bytes_in_cnt",
  "bytes_in_rate",
  "bytes_out_cnt",
  "bytes_out_rate",
] as const;
export type StickCounterName = (typeof STICK_COUNTER_NAMES)[number];

export interface StickTable {
  /** The proxy (or `peers` section) that owns it; a peers' table is named `peers/table`. */
  readonly name: string;
  readonly type: StickKeyType;
  /** Longest key in bytes of `string` and `binary`. */
  readonly keyLength: number;
  /** Most entries. */
  readonly size: number;
  /** No expiry when absent. */
  readonly expireMs?: number;
  /** Refuse new entries instead of evicting old ones. */
  readonly noPurge: boolean;
  readonly peers?: string;
  /** `srvkey addr`: remember servers by address. */
  readonly serverKey: "name" | "addr";
  readonly store: readonly StickCounter[];
  readonly at: Position;
}
