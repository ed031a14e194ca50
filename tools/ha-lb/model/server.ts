import type { Position } from "../../../shared/text/position.ts";
import type { PortRule, SocketAddress, SourceAddress } from "./address.ts";
import type { SampleExpression } from "./sample.ts";
import type { ServerTls } from "./tls.ts";

/** `check` and what goes with it, on a server. Times in ms. */
export interface ServerCheck {
  readonly enabled: boolean;
  /** Where to check when it isn't where traffic goes. */
  readonly address?: SocketAddress;
  readonly port?: number;
  readonly intervalMs: number;
  /** While going up or down; `intervalMs` when absent. */
  readonly fastIntervalMs?: number;
  /** While fully down; `intervalMs` when absent. */
  readonly downIntervalMs?: number;
  readonly rise: number;
  readonly fall: number;
  /** Check over TLS even when traffic is not (`check-ssl`), or never (`no-check-ssl`); follows `tls` when absent. */
  readonly tls?: boolean;
  readonly sni?: string;
  readonly alpn: readonly string[];
  readonly sendProxy: boolean;
  readonly protocol?: string;
}

/** `agent-check`: a text service that says weight and state. */
export interface ServerAgent {
  readonly enabled: boolean;
  readonly address?: string;
  readonly port: number;
  readonly intervalMs: number;
  /** Sent first, when given. */
  readonly send?: string;
}

export interface ProxyProtocolOut {
  readonly version: 1 | 2;
  /** `proxy-v2-options`: ssl, cert-cn, ssl-cipher, cert-sig, cert-key, authority, crc32c, unique-id. */
  readonly options: readonly string[];
}

export type AddressMethod = "last" | "libc" | "none" | { readonly address: string };

/** How `server` names are resolved after start. */
export interface ServerResolution {
  readonly resolvers: string;
  readonly prefer?: 4 | 6;
  readonly networks: readonly string[];
  readonly options: readonly ("allow-dup-ip" | "ignore-weight" | "prevent-dup-ip")[];
}

export interface Server {
  readonly name: string;
  readonly id: number;
  readonly address: SocketAddress;
  readonly portRule: PortRule;
  readonly initAddress: readonly AddressMethod[];
  readonly resolution?: ServerResolution;
  readonly weight: number;
  readonly backup: boolean;
  /** Starts in maintenance. */
  readonly disabled: boolean;
  readonly maxConnections?: number;
  readonly minConnections?: number;
  readonly maxQueue?: number;
  readonly cookie?: string;
  readonly check: ServerCheck;
  readonly agent: ServerAgent;
  readonly tls?: ServerTls;
  /** What `set server … ssl on` begins to use where `tls` is not set: of `default-server ssl` or of `check-ssl`. */
  readonly spareTls?: ServerTls;
  readonly sni?: SampleExpression;
  readonly sendProxy?: ProxyProtocolOut;
  readonly slowStartMs?: number;
  readonly onMarkedDown?: "shutdown-sessions";
  readonly onMarkedUp?: "shutdown-backup-sessions";
  readonly onError: "fastinter" | "fail-check" | "sudden-death" | "mark-down";
  readonly observe?: "layer4" | "layer7";
  readonly errorLimit: number;
  readonly track?: { readonly proxy?: string; readonly server: string };
  readonly redirectPrefix?: string;
  readonly source?: SourceAddress;
  readonly nonStick: boolean;
  readonly poolMaxConnections?: number;
  readonly poolLowConnections: number;
  readonly poolPurgeDelayMs: number;
  readonly maxReuse?: number;
  readonly protocol?: "h1" | "h2" | "fcgi" | "none";
  readonly websocket: "auto" | "h1" | "h2";
  readonly namespace?: string;
  readonly socks4?: SocketAddress;
  readonly userTimeoutMs?: number;
  readonly fastOpen: boolean;
  readonly alpn: readonly string[];
  readonly at: Position;
}

export const CHECK_INTERVAL_DEFAULT_MS = 2000;
export const CHECK_RISE_DEFAULT = 2;
export const CHECK_FALL_DEFAULT = 3;
export const SERVER_WEIGHT_MAX = 256;
