import type { Connecting } from "../connect.ts";
import { Peer, PENDING_HIGH_BYTES } from "../peer.ts";
import type { SpliceEnd } from "../splice/messages.ts";
import type { TcpSession } from "./session.ts";

/** A stream that moved this much in one direction is long: the rest of it is moved inside the kernel. */
export const SPLICE_AFTER_BYTES = 256 * 1024;

/** The termination letters of a stream that ended inside the kernel. */
export const LETTERS_OF_END: Readonly<Record<SpliceEnd, readonly [string, string]>> = {
  done: ["-", "-"],
  client: ["C", "D"],
  server: ["S", "D"],
  silence: ["c", "D"],
};

/** The server's end of a TCP session. */
export class TcpServer extends Peer implements Connecting {
  constructor(readonly session: TcpSession) {
    super();
  }
  onOpen(): void {
    this.session.onConnected();
  }
  onFailed(): void {
    this.detach();
    this.session.onFailed();
  }
  override onData(data: Buffer): void {
    const { session } = this;
    session.bytesOut += data.length;
    session.send(data);
    session.touch();
    if (session.pendingBytes > PENDING_HIGH_BYTES) this.pause();
    if (session.bytesOut >= SPLICE_AFTER_BYTES) session.askSplice();
  }
  override onEnd(): void {
    this.session.onServerEnd();
  }
  override onClose(): void {
    this.detach();
    this.session.onServerGone();
  }
  override onDrained(): void {
    if (!this.session.trySplice()) this.session.resume();
  }
  override onDeadline(): void {
    this.abort();
    this.session.onFailed();
  }
}
