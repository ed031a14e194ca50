/** One connection of a health check: what came on it, and how it ended. */
import { connectPeer, type Connecting, type ConnectOptions } from "../connect.ts";
import { NO_HANDSHAKE } from "../connect-tls.ts";
import { Peer } from "../peer.ts";

/** Of an answer; what comes after it doesn't count. */
const MOST_ANSWER_BYTES = 64 * 1024;

export type LinkEvent = "open" | "data" | "end" | "refused" | "no-handshake";

export interface LinkTarget {
  readonly host: string;
  readonly port: number;
  readonly options: ConnectOptions;
  /** Sent first, in clear. */
  readonly preface: Uint8Array | undefined;
}

export class CheckLink extends Peer implements Connecting {
  /** A byte string. */
  answer = "";
  /** The system's name of what kept it from connecting. */
  failure = "";
  /** The server will send nothing more. */
  ended = false;

  constructor(private readonly tell: (event: LinkEvent) => void) {
    super();
  }

  open({ host, options, port, preface }: LinkTarget): void {
    connectPeer(this, host, port, options, preface);
  }

  onOpen(): void {
    this.tell("open");
  }

  override onData(data: Buffer): void {
    if (this.answer.length < MOST_ANSWER_BYTES) this.answer += data.toString("latin1");
    this.tell("data");
  }

  override onEnd(): void {
    this.ended = true;
    this.tell("end");
  }

  override onClose(): void {
    this.detach();
    this.onEnd();
  }

  onFailed(why?: string): void {
    this.detach();
    this.failure = why ?? "";
    this.tell(why === NO_HANDSHAKE ? "no-handshake" : "refused");
  }

  override onDrained(): void {
    // What checks send is small.
  }

  override onDeadline(): void {
    // The check as a whole has the time limit.
  }
}
