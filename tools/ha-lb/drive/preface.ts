import type { Socket } from "bun";
import { type ProxyHeader, readProxyHeader } from "../decide/proxy-protocol.ts";
import { Peer } from "./peer.ts";
import type { DataPlane } from "./plane.ts";
import type { ListenerRuntime } from "./runtime.ts";
import { nowMs, wheel } from "./timer-wheel.ts";

/** Time for the header: who sends it sends it first. */
const HEADER_LIMIT_MS = 5000;

/** A connection on an `accept-proxy` socket before its PROXY header was read. Without one it is closed. */
export class Preface extends Peer {
  private bytes: Buffer = Buffer.alloc(0);

  constructor(
    private readonly plane: DataPlane,
    private readonly runtime: ListenerRuntime,
    socket: Socket<Peer>,
    private readonly entry: {
      readonly begin: (header: ProxyHeader) => Peer | undefined;
      /** The connection ended before its header came. */
      readonly isGone: () => void;
    },
  ) {
    super();
    this.socket = socket;
    wheel.set(this, nowMs() + HEADER_LIMIT_MS);
  }

  override onData(data: Buffer): void {
    this.bytes = this.bytes.length === 0 ? data : Buffer.concat([this.bytes, data]);
    const header = readProxyHeader(this.bytes.toString("latin1"));
    if (header === "more") return;
    const { socket } = this;
    if (header === "bad" || socket === undefined) {
      this.refuse();
      return;
    }
    const rest = this.bytes.subarray(header.byteLength);
    wheel.remove(this);
    this.socket = undefined;
    const peer = this.entry.begin(header);
    if (rest.length > 0) peer?.onData(rest);
  }

  private refuse(): void {
    this.abort();
    this.gone();
  }

  private gone(): void {
    this.entry.isGone();
    this.plane.leave(this.runtime.frontend);
  }

  override onEnd(): void {
    this.refuse();
  }

  override onClose(): void {
    if (this.socket === undefined) return;
    this.detach();
    this.gone();
  }

  override onDrained(): void {
    // Nothing is ever sent here.
  }

  override onDeadline(): void {
    this.refuse();
  }
}
