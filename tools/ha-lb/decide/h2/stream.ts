/** One stream's windows and the end of its request, RFC 9113 sections 5.1 and 5.2. */
import { ERROR } from "./frame.ts";

/** Section 6.9.1. */
export const MOST_WINDOW = 0x7fff_ffff;

/** What we may still send. Below 0 after the client made its windows smaller (section 6.9.2). */
export class Outflow {
  constructor(public window: number) {}
}

/** @returns false when it would grow beyond what the protocol allows */
export function grow(outflow: Outflow, increment: number): boolean {
  if (outflow.window + increment > MOST_WINDOW) return false;
  outflow.window += increment;
  return true;
}

export class SessionStream {
  readonly outflow: Outflow;
  /** The request has come whole. */
  ended: boolean;
  /** Bytes that came and were not told to be consumed. */
  held = 0;
  private window: number;
  private unacknowledged = 0;
  private bodyLeft: number | undefined;

  constructor(
    sendWindow: number,
    private readonly receiveWindow: number,
    ended: boolean,
  ) {
    this.outflow = new Outflow(sendWindow);
    this.window = receiveWindow;
    this.ended = ended;
  }

  /** The length of the body as announced. */
  expect(contentLength: number | undefined): void {
    this.bodyLeft = contentLength;
  }

  /** Bytes came: `size` counts for the window, `bodyLength` of them are body. @returns the error of the stream */
  receive(size: number, bodyLength: number, ended: boolean): number {
    if (this.ended) return ERROR.STREAM_CLOSED;
    this.window -= size;
    if (this.window < 0) return ERROR.FLOW_CONTROL;
    if (this.bodyLeft !== undefined) {
      this.bodyLeft -= bodyLength;
      // Neither more nor less than announced (section 8.1.1).
      if (this.bodyLeft < 0 || (ended && this.bodyLeft !== 0)) return ERROR.PROTOCOL;
    }
    this.held += size;
    this.ended = ended;
    return ERROR.NONE;
  }

  /** @returns by how much the client's window is to be opened; 0 when it isn't worth a frame yet */
  consume(byteLength: number): number {
    this.held -= byteLength;
    this.unacknowledged += byteLength;
    if (this.ended || this.unacknowledged < this.receiveWindow / 4) return 0;
    const update = this.unacknowledged;
    this.window += update;
    this.unacknowledged = 0;
    return update;
  }
}
