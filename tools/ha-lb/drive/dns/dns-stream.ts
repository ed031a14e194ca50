/** One question over TCP: two bytes of length, then the message (RFC 1035, section 4.2.2). */
import { connectPeer, type Connecting } from "../connect.ts";
import { Peer } from "../peer.ts";

export class DnsStream extends Peer implements Connecting {
  private readonly parts: Buffer[] = [];
  private received = 0;
  private finished = false;

  /** `onMessage` hears the answer, or undefined when the connection failed. Who starts it sees to the time. */
  constructor(
    private readonly query: Uint8Array,
    private readonly onMessage: (bytes: Uint8Array | undefined) => void,
  ) {
    super();
  }

  start(host: string, port: number): void {
    connectPeer(this, host, port, {}, undefined);
  }

  override abort(): void {
    this.finished = true;
    super.abort();
    // A connection that is still being made is ended when it opens.
    this.deadlineMs = Number.NEGATIVE_INFINITY;
  }

  onOpen(): void {
    this.send(Buffer.concat([Buffer.from([this.query.length >> 8, this.query.length & 255]), this.query]));
  }

  override onData(data: Buffer): void {
    this.parts.push(data);
    this.received += data.length;
    if (this.received < 2) return;
    const all = Buffer.concat(this.parts);
    const length = all.readUInt16BE(0);
    if (all.length >= length + 2) this.finish(all.subarray(2, 2 + length));
  }

  private finish(bytes: Uint8Array | undefined): void {
    if (this.finished) return;
    this.abort();
    this.onMessage(bytes);
  }

  override onEnd(): void {
    this.finish(undefined);
  }
  override onClose(): void {
    this.detach();
    this.finish(undefined);
  }
  onFailed(): void {
    this.detach();
    this.finish(undefined);
  }
  override onDrained(): void {
    // Questions are small.
  }
  override onDeadline(): void {
    this.finish(undefined);
  }
}
