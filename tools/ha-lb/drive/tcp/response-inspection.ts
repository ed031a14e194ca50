/** `tcp-response content` rules of a session of `mode tcp`: the server's first bytes wait until the rules have decided. */
import type { BackendRuntime } from "../runtime.ts";
import { nowMs, Timed, wheel } from "../timer-wheel.ts";
import { PENDING_HIGH_BYTES } from "../peer.ts";
import type { TcpStream } from "./stream.ts";

/** What becomes of the session. */
export interface Inspected {
  /** The bytes go on, and all that follow. */
  pass(bytes: Buffer): void;
  /** These are the last ones. */
  passLast(bytes: Buffer): void;
  refuse(): void;
}

export class ResponseInspection extends Timed {
  private bytes: Buffer = Buffer.alloc(0);
  private over = false;

  constructor(
    private readonly backend: BackendRuntime,
    private readonly stream: TcpStream,
    private readonly session: Inspected,
  ) {
    super();
    stream.backendRuntime = backend;
    const { responseInspectDelayMs } = backend.proxy.tcpRules;
    if (responseInspectDelayMs !== undefined) wheel.set(this, nowMs() + responseInspectDelayMs);
  }

  take(data: Buffer): void {
    this.bytes = this.bytes.length === 0 ? Buffer.from(data) : Buffer.concat([this.bytes, data]);
    this.decide(this.bytes.length >= PENDING_HIGH_BYTES);
  }

  /** The server says no more, or the time is over. */
  end(): void {
    this.decide(true);
  }

  override onDeadline(): void {
    this.decide(true);
  }

  /** Nobody waits for it any more. */
  drop(): void {
    this.over = true;
    wheel.remove(this);
  }

  private decide(ended: boolean): void {
    if (this.over) return;
    const { backend, stream } = this;
    const waits = !ended && backend.proxy.tcpRules.responseInspectDelayMs !== undefined;
    stream.serverBytes = this.bytes.toString("latin1");
    stream.lookedAtBytes = false;
    stream.inspectionEnded = !waits;
    const verdict = backend.rules.onTcpResponse(stream);
    // Rules that looked at the bytes may say otherwise when more of them are here.
    if (verdict === undefined && waits && stream.lookedAtBytes) return;
    this.drop();
    if (verdict === undefined || verdict.kind === "accept") this.session.pass(this.bytes);
    else if (verdict.kind === "drop" && verdict.gently === true) this.session.passLast(this.bytes);
    else this.session.refuse();
  }
}
