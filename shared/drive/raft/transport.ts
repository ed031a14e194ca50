import { createServer, connect, type PeerCertificate, type Server, type TLSSocket } from "node:tls";
import type { NodeId } from "../../effect/raft.ts";
import type { ReplicaMessage } from "../../effect/replica.ts";
import { createNodeCertificate, type ClusterKey } from "./certificate.ts";
import { FrameReader, encodeFrame } from "./frames.ts";

/**
 * Messages between members: one TLS 1.3 connection from each node to each other one, both sides with certificates of the
 * cluster's authority; the name in the certificate is the node. Messages may be lost (a broken connection, a queue that is
 * full): consensus repeats what matters.
 */
export interface PeerAddress {
  readonly host: string;
  readonly port: number;
}

export interface TransportOptions {
  readonly node: NodeId;
  readonly listen: PeerAddress;
  readonly clusterKey: ClusterKey;
  /** While the cluster's key is changed: others whose certificates are accepted. */
  readonly alsoAccepted?: readonly ClusterKey[];
  readonly peers: ReadonlyMap<NodeId, PeerAddress>;
  readonly onMessages: (from: NodeId, messages: readonly ReplicaMessage[]) => void;
}

const RECONNECT_FIRST_MS = 20;
const RECONNECT_LAST_MS = 500;
/** Voters and learners at most, as consensus has it. */
const MAX_MEMBERS = 7 + 64;
/** Bytes that wait for a slow peer; beyond it messages are dropped. */
const MAX_WAITING_BYTES = 32 * 1024 * 1024;
/** A connection on which nothing was heard or acknowledged for so long is given up by the kernel. */
const KEEP_ALIVE_MS = 1000;
/** Connections from outside at one time, those that have not shown a certificate included: all members, and as many again. */
const MAX_INCOMING = 2 * (MAX_MEMBERS + 1);
/** Who connects and doesn't show a certificate within this is cut off. */
const HANDSHAKE_MS = 5000;
/** How long an orderly end waits for connections to be gone. */
const CLOSE_MS = 200;

/** What was turned away since the start. */
export interface Refusals {
  /** Connections without a certificate of this cluster, or that never finished to show one. */
  handshakes: number;
  /** Connections closed for what came over them: too long, or no message. */
  frames: number;
}

export class Transport {
  private readonly links = new Map<NodeId, Link>();
  /** By name: a node has one connection to this one; a newer one takes the place of the older. */
  private readonly incoming = new Map<NodeId, TLSSocket>();
  readonly refused: Refusals = { handshakes: 0, frames: 0 };

  private constructor(
    private readonly options: TransportOptions,
    private readonly authorities: readonly string[],
    private readonly certificate: ReturnType<typeof createNodeCertificate>,
    private readonly server: Server,
  ) {}

  static async open(options: TransportOptions): Promise<Transport> {
    const certificate = createNodeCertificate(options.clusterKey, options.node);
    const authorities = [options.clusterKey, ...(options.alsoAccepted ?? [])].map((key) => key.authorityPem);
    const server = createServer({
      key: certificate.keyPem,
      cert: certificate.certificatePem,
      ca: authorities,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: "TLSv1.3",
      handshakeTimeout: HANDSHAKE_MS,
    });
    server.maxConnections = MAX_INCOMING;
    const transport = new Transport(options, authorities, certificate, server);
    server.on("secureConnection", (socket) => transport.accept(socket));
    server.on("tlsClientError", () => (transport.refused.handshakes += 1));
    // More connections than there are members can't all be meant well.
    server.on("drop", () => (transport.refused.handshakes += 1));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(options.listen.port, options.listen.host, () => resolve());
    });
    for (const [node, address] of options.peers) if (node !== options.node) transport.addPeer(node, address);
    return transport;
  }

  addPeer(node: NodeId, address: PeerAddress): void {
    if (this.links.has(node)) return;
    this.links.set(node, new Link(node, address, this.certificate, this.authorities));
  }

  removePeer(node: NodeId): void {
    this.links.get(node)?.close();
    this.links.delete(node);
  }

  /** Whether a connection to that peer stands now: what `status` shows. */
  isConnected(node: NodeId): boolean {
    return this.links.get(node)?.connected ?? false;
  }

  private accept(socket: TLSSocket): void {
    const from = socket.authorized ? commonNameOf(socket) : null;
    if (from === null) {
      this.refused.handshakes += 1;
      socket.destroy();
      return;
    }
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    this.incoming.get(from)?.destroy();
    this.incoming.set(from, socket);
    const reader = new FrameReader();
    socket.on("data", (bytes: Buffer) => {
      const frames = reader.feed(bytes);
      if (frames === null) {
        this.refused.frames += 1;
        socket.destroy();
        return;
      }
      for (const messages of frames) this.options.onMessages(from, messages);
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      if (this.incoming.get(from) === socket) this.incoming.delete(from);
    });
  }

  send(to: NodeId, messages: readonly ReplicaMessage[]): void {
    this.links.get(to)?.send(messages);
  }

  async close(): Promise<void> {
    for (const link of this.links.values()) link.close();
    for (const socket of this.incoming.values()) socket.destroy();
    // The port is free at once; whoever is in the midst of a handshake is cut off by its time limit and not waited for.
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    await Promise.race([closed, Bun.sleep(CLOSE_MS)]);
  }
}

function commonNameOf(socket: TLSSocket): string | null {
  const name: unknown = socket.getPeerCertificate()?.subject?.CN;
  return typeof name === "string" && name !== "" ? name : null;
}

/** The connection to one peer: it is kept up, and never waited for. */
class Link {
  connected = false;
  private socket: TLSSocket | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private delayMs = RECONNECT_FIRST_MS;
  private closed = false;

  constructor(
    private readonly node: NodeId,
    private readonly address: PeerAddress,
    private readonly certificate: { readonly keyPem: string; readonly certificatePem: string },
    private readonly authorities: readonly string[],
  ) {
    this.open();
  }

  private open(): void {
    if (this.closed) return;
    const socket = connect({
      host: this.address.host,
      port: this.address.port,
      key: this.certificate.keyPem,
      cert: this.certificate.certificatePem,
      ca: [...this.authorities],
      rejectUnauthorized: true,
      minVersion: "TLSv1.3",
      servername: this.node,
      // The authority vouches for the name; it must be the peer that was meant, not just any member.
      checkServerIdentity: (_host: string, certificate: PeerCertificate) =>
        String(certificate.subject?.CN) === this.node ? undefined : new Error("another node answers at this address"),
    });
    this.socket = socket;
    socket.on("secureConnect", () => {
      socket.setNoDelay(true);
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
      this.connected = true;
      this.delayMs = RECONNECT_FIRST_MS;
    });
    socket.on("data", () => undefined);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.onClose());
  }

  private onClose(): void {
    this.connected = false;
    this.socket = null;
    if (this.closed) return;
    this.timer = setTimeout(() => this.open(), this.delayMs);
    this.delayMs = Math.min(this.delayMs * 2, RECONNECT_LAST_MS);
  }

  send(messages: readonly ReplicaMessage[]): void {
    const { socket } = this;
    if (socket === null || !this.connected || socket.writableLength > MAX_WAITING_BYTES) return;
    socket.write(encodeFrame(messages));
  }

  close(): void {
    this.closed = true;
    if (this.timer !== null) clearTimeout(this.timer);
    this.socket?.destroy();
  }
}
