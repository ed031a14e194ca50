import type { Connecting } from "../connect.ts";
import { Peer, PENDING_HIGH_BYTES } from "../peer.ts";
import type { SpliceEnd } from "../splice/messages.ts";
import { ResponseInspection } from "./response-inspection.ts";
import type { TcpSession } from "./session.ts";

/** A stream that moved this much in one direction is long: the rest of it is moved inside the kernel. */
export const SPLICE_AFTER_BYTES = 256 * 1024;

/** The termination letters of a stream that ended inside the kernel. */
export const LETTERS_OF_END: Readonly<Record<Exclude<SpliceEnd, "cut">, readonly [string, string]>> = {
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
  /** Rules look at the server's first bytes. */
  private inspection: ResponseInspection | undefined;
  /** What still comes from the server is thrown away. */
  private over = false;

  onOpen(): void {
    const { backend } = this.session;
    if (backend?.rules.hasTcpResponseRules === true) {
      this.inspection = new ResponseInspection(backend, this.session.rulesView(), {
        pass: (bytes) => {
          this.inspection = undefined;
          if (bytes.length > 0) this.onData(bytes);
        },
        passLast: (bytes) => {
          this.inspection = undefined;
          this.onData(bytes);
          this.over = true;
          this.onEnd();
        },
        refuse: () => {
          this.inspection = undefined;
          this.session.refuseAnswer();
        },
      });
    }
    this.session.onConnected();
  }
  onFailed(): void {
    this.detach();
    this.session.onFailed();
  }
  override onData(data: Buffer): void {
    const { session } = this;
    if (this.over) return;
    if (this.inspection !== undefined) {
      this.inspection.take(data);
      return;
    }
    session.bytesOut += data.length;
    session.send(data);
    session.touch();
    if (session.pendingBytes > PENDING_HIGH_BYTES) this.pause();
    if (session.bytesOut >= SPLICE_AFTER_BYTES) session.askSplice();
  }
  override onEnd(): void {
    this.inspection?.end();
    this.session.onServerEnd();
  }
  override onClose(): void {
    this.inspection?.drop();
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
