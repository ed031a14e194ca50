/** What lasts as long as a client's connection, over all of its requests: addresses, variables, tracked entries. */
import type { Socket } from "bun";
import type { ProxyHeader } from "../decide/proxy-protocol.ts";
import type { TrackedEntry } from "../model/sample-context.ts";
import type { SampleValue } from "../model/value.ts";
import type { Peer } from "./peer.ts";
import type { Tables } from "./tables.ts";

/** Who talks to whom; an empty address is none. */
export interface Ends {
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
}

/**
 * Whose rules run: of `tcp-request connection`, of `tcp-request session`, or of one request. What the first two change
 * and track stays for the whole connection.
 */
export type RuleLevel = "connection" | "session" | "request";

/** IPv4 clients of an IPv6 listener are shown as IPv4. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return "";
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}

export function endsOfSocket(socket: Socket<Peer> | undefined): Ends {
  return {
    source: plainAddress(socket?.remoteAddress),
    sourcePort: socket?.remotePort ?? 0,
    destination: plainAddress(socket?.localAddress),
    destinationPort: socket?.localPort ?? 0,
  };
}

/** As the PROXY protocol has them, where it says so. */
export function endsOfHeader(header: ProxyHeader, before: Ends): Ends {
  const { destination = before.destination, destinationPort, source = before.source, sourcePort } = header;
  return { source, sourcePort, destination, destinationPort };
}

export class ClientSession {
  /** Variables of the scope `sess`. */
  readonly variables = new Map<string, SampleValue>();
  /** What rules of the connection track, by slot. */
  private entries: Map<number, TrackedEntry> | undefined;

  get tracksNothing(): boolean {
    return this.entries === undefined;
  }

  tracked(slot: number): TrackedEntry | undefined {
    return this.entries?.get(slot);
  }

  keep(slot: number, entry: TrackedEntry): void {
    this.entries ??= new Map();
    this.entries.set(slot, entry);
  }

  /** Entries whose slots a request doesn't track otherwise. */
  *besides(own: ReadonlyMap<number, TrackedEntry>): Iterable<TrackedEntry> {
    if (this.entries === undefined) return;
    for (const [slot, entry] of this.entries) if (!own.has(slot)) yield entry;
  }

  /** Its rules let it begin. */
  begin(tables: Tables): void {
    for (const entry of this.entries?.values() ?? []) tables.countSession(entry);
  }

  /** The connection is over. */
  end(tables: Tables): void {
    for (const entry of this.entries?.values() ?? []) tables.release(entry);
    this.entries = undefined;
  }
}
