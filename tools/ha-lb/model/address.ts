import type { Position } from "../../../shared/text/position.ts";

/**
 * Where a listener binds or a server is reached, as the address formats of chapter 11 allow.
 * Ports are 0 when the text gave none.
 */
export type SocketAddress =
  | {
      readonly kind: "ip";
      readonly host: string;
      readonly family: 4 | 6;
      readonly port: number;
      readonly portEnd: number;
    }
  /** A name to be resolved: at start for `server`, never for `bind`. */
  | { readonly kind: "name"; readonly host: string; readonly port: number; readonly family?: 4 | 6 }
  /** A Unix socket; `abstract` ones live in no file system. */
  | { readonly kind: "unix"; readonly path: string; readonly abstract: boolean }
  /** An inherited, already listening or connected descriptor: `fd@3`, `sockpair@3`. */
  | { readonly kind: "descriptor"; readonly descriptor: number; readonly pair: boolean };

/** How a server's port follows from the port the client asked for: `server s1 10.0.0.1:+1000`. */
export type PortRule =
  | { readonly kind: "fixed"; readonly port: number }
  | { readonly kind: "same" }
  | { readonly kind: "offset"; readonly offset: number };

/** The local address outgoing connections use: `source`. */
export interface SourceAddress {
  readonly address: SocketAddress;
  readonly interfaceName?: string;
  /** `usesrc client`, `usesrc clientip` or an address: needs the kernel's transparent proxying. */
  readonly useSource?: "client" | "clientip" | SocketAddress;
  readonly at: Position;
}

/** Text of an address as logs and the socket show it. */
export function formatSocketAddress(address: SocketAddress): string {
  switch (address.kind) {
    case "ip":
      return address.family === 6 ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
    case "name":
      return `${address.host}:${address.port}`;
    case "unix":
      return address.abstract ? `abns@${address.path}` : address.path;
    case "descriptor":
      return `${address.pair ? "sockpair" : "fd"}@${address.descriptor}`;
  }
}
