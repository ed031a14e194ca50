import type { Position } from "../../../shared/text/position.ts";
import type { SocketAddress } from "./address.ts";
import type { BindTls } from "./tls.ts";

/** One `bind` line after expansion: one address, with `portEnd` > `port` where a range was given. */
export interface Bind {
  readonly address: SocketAddress;
  /** The text of the line's addresses, for status. */
  readonly text: string;
  readonly name?: string;
  readonly id?: number;
  readonly tls?: BindTls;
  readonly acceptProxy: boolean;
  readonly acceptNetscalerCip?: number;
  readonly backlog?: number;
  readonly maxConnections?: number;
  readonly interfaceName?: string;
  readonly namespace?: string;
  readonly transparent: boolean;
  /** Listen on both families with one socket, or on IPv6 only. */
  readonly v4v6: boolean;
  readonly v6only: boolean;
  readonly deferAccept: boolean;
  readonly fastOpen: boolean;
  readonly mss?: number;
  readonly userTimeoutMs?: number;
  /** Of Unix sockets. */
  readonly mode?: number;
  readonly user?: string;
  readonly group?: string;
  /** Of a command socket. */
  readonly level?: "user" | "operator" | "admin";
  readonly exposeListeners: boolean;
  readonly severityOutput?: "none" | "number" | "string";
  /** `proto h2`: without negotiation. */
  readonly protocol?: "h1" | "h2" | "none";
  readonly at: Position;
}

/** A listener with nothing but its address, for the sockets that no line of a configuration names. */
export function plainBind(address: SocketAddress, text: string, from: string): Bind {
  return {
    address,
    text,
    acceptProxy: false,
    transparent: false,
    v4v6: false,
    v6only: false,
    deferAccept: false,
    fastOpen: false,
    exposeListeners: false,
    at: { file: from, line: 1, column: 1 },
  };
}
