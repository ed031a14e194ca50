import { createSocket, type Socket } from "node:dgram";
import type { MembershipMachine } from "../../effect/membership.ts";
import type { Reason } from "../../reason/catalogue.ts";
import { boottimeNs } from "../ffi/clock.ts";
import { DatagramOpener, DatagramSealer } from "./datagram.ts";
import { decodeHeartbeat, encodeHeartbeat } from "./heartbeat-body.ts";

/**
 * Sends and receives the heartbeats of one node over one or more links (rings). It needs nothing of the thread it runs on, so
 * a tool may run it in its deadline Worker, away from everything that can hold the main thread up.
 */
export interface HeartbeatLink {
  readonly name: string;
  /** This node's address on the link; a socket bound to it neither sends nor receives on another. */
  readonly listen: { readonly host: string; readonly port: number };
  readonly peers: ReadonlyMap<string, { readonly host: string; readonly port: number }>;
}

export interface HeartbeatOptions {
  readonly node: string;
  readonly boot: number;
  readonly key: Uint8Array;
  readonly links: readonly HeartbeatLink[];
  readonly machine: MembershipMachine;
  readonly onView: (members: readonly string[]) => void;
  readonly onReason: (fact: Reason) => void;
}

export interface LinkCounters {
  received: number;
  /** Datagrams that were refused: malformed, forged, replayed, or of unknown nodes. */
  refused: number;
}

export class Heartbeats {
  readonly counters = new Map<string, LinkCounters>();
  private readonly sealer: DatagramSealer;
  private readonly nodes: readonly string[];
  private readonly sockets = new Map<HeartbeatLink, Socket>();
  private timer: ReturnType<typeof setInterval> | null = null;
  private view = "";

  private constructor(private readonly options: HeartbeatOptions) {
    this.nodes = [...new Set([options.node, ...options.links.flatMap((link) => [...link.peers.keys()])])].sort();
    this.sealer = new DatagramSealer(options.key, options.node, options.boot);
  }

  static async open(options: HeartbeatOptions): Promise<Heartbeats> {
    const heartbeats = new Heartbeats(options);
    for (const link of options.links) await heartbeats.listen(link);
    heartbeats.timer = setInterval(() => heartbeats.tick(), options.machine.heartbeatMs / 2);
    heartbeats.tick();
    return heartbeats;
  }

  private async listen(link: HeartbeatLink): Promise<void> {
    const counters = { received: 0, refused: 0 };
    this.counters.set(link.name, counters);
    // One opener a link: every link carries its own copy of each heartbeat, under a number of its own.
    const opener = new DatagramOpener(this.options.key, link.peers.keys());
    const socket = createSocket("udp4");
    this.sockets.set(link, socket);
    socket.on("message", (datagram: Buffer) => {
      const opened = opener.open(datagram);
      const body = opened.ok ? decodeHeartbeat(opened.body) : null;
      if (!opened.ok || body === null) {
        counters.refused += 1;
        return;
      }
      counters.received += 1;
      this.say(this.options.machine.heard(opened.from, link.name, body, nowMs()));
    });
    socket.on("error", () => undefined);
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.bind(link.listen.port, link.listen.host, () => resolve());
    });
  }

  private tick(): void {
    const { members, send, reasons } = this.options.machine.tick(nowMs());
    this.say(reasons);
    const view = members.join(" ");
    if (view !== this.view) {
      this.view = view;
      this.options.onView(members);
    }
    if (send === null) return;
    const body = encodeHeartbeat(send, this.nodes);
    for (const [link, socket] of this.sockets) {
      const datagram = this.sealer.seal(body);
      for (const [peer, { host, port }] of link.peers) {
        // A link that is down makes sending fail; silence on it says the same.
        if (peer !== this.options.node) socket.send(datagram, port, host, () => undefined);
      }
    }
  }

  private say(reasons: readonly Reason[]): void {
    for (const fact of reasons) this.options.onReason(fact);
  }

  close(): void {
    if (this.timer !== null) clearInterval(this.timer);
    for (const socket of this.sockets.values()) socket.close();
  }
}

function nowMs(): number {
  return boottimeNs() / 1e6;
}
