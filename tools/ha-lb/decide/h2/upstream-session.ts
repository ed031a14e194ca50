/**
 * The client's side of one HTTP/2 connection, to a server: RFC 9113. It knows no socket and no clock. What a server can
 * make us hold is bounded: header blocks by the limits of heads, body bytes by the windows that are granted.
 */
import {
  ERROR,
  FLAG,
  FRAME,
  type Frame,
  frame,
  FrameReader,
  goAwayFrame,
  PREFACE,
  SENT_PAYLOAD_BYTES,
  SETTING,
  settingsFrame,
  withoutPadding,
  wordFrame,
} from "./frame.ts";
import { type HeaderLimits, HpackDecoder } from "./hpack.ts";
import { roomOf, writeBody, writeHead } from "./message.ts";
import type { Field } from "./static-table.ts";
import { grow, MOST_WINDOW, Outflow, SessionStream } from "./stream.ts";

const STREAM_WINDOW = 256 * 1024;
const CONNECTION_WINDOW = 1 << 20;
const DEFAULT_WINDOW = 65_535;
/** Requests at once on one connection, whatever the server allows. */
const MOST_STREAMS = 100;
/** Then a new connection is made: stream numbers don't come again. */
const LAST_STREAM = 0x7fff_fff0;
const MOST_CONTINUATIONS = 8;

/** What happens to whom. Streams are named by their numbers. */
export interface UpstreamEvents {
  write(bytes: Buffer): void;
  /** The head of an answer, final or interim. */
  onHead(streamId: number, fields: readonly Field[], ended: boolean): void;
  /** Body bytes, to be acknowledged by `consumed`; `ended` with the last ones, which may be none. */
  onBody(streamId: number, bytes: Buffer, ended: boolean): void;
  /** The stream is gone. `untouched`: the server has done nothing about the request. */
  onReset(streamId: number, untouched: boolean): void;
  /** There is room for more bytes of bodies, or for more streams. */
  onRoom(): void;
  /** The connection is over. */
  onEndOfSession(): void;
}

interface Block {
  readonly streamId: number;
  readonly ended: boolean;
  readonly parts: Buffer[];
  bytes: number;
}

export class UpstreamSession {
  private readonly reader = new FrameReader();
  private readonly decoder: HpackDecoder;
  private readonly streams = new Map<number, SessionStream>();
  private readonly outflow = new Outflow(DEFAULT_WINDOW);
  private nextStreamId = 1;
  private initialSendWindow = DEFAULT_WINDOW;
  private mostStreams = MOST_STREAMS;
  private receiveWindow = CONNECTION_WINDOW;
  private unacknowledged = 0;
  private block: Block | undefined;
  private leaving = false;
  private over = false;

  constructor(
    private readonly events: UpstreamEvents,
    private readonly limits: HeaderLimits,
  ) {
    this.decoder = new HpackDecoder(limits);
  }

  start(): void {
    this.events.write(PREFACE);
    this.events.write(
      settingsFrame([
        [SETTING.ENABLE_PUSH, 0],
        [SETTING.INITIAL_WINDOW_SIZE, STREAM_WINDOW],
        [SETTING.MAX_HEADER_LIST_SIZE, this.limits.mostBytes],
      ]),
    );
    this.events.write(wordFrame(FRAME.WINDOW_UPDATE, 0, CONNECTION_WINDOW - DEFAULT_WINDOW));
  }

  get openStreams(): number {
    return this.streams.size;
  }

  /** May one more request begin? */
  get hasRoom(): boolean {
    return !this.over && !this.leaving && this.streams.size < this.mostStreams && this.nextStreamId < LAST_STREAM;
  }

  feed(bytes: Buffer): void {
    if (!this.over && !this.reader.feed(bytes, (one) => this.take(one))) this.fail(ERROR.FRAME_SIZE);
  }

  private take(one: Frame): boolean {
    const code = this.step(one);
    if (code !== ERROR.NONE) this.fail(code);
    return !this.over;
  }

  private step(one: Frame): number {
    const { payload, streamId, type } = one;
    if (this.block !== undefined && (type !== FRAME.CONTINUATION || streamId !== this.block.streamId)) {
      return ERROR.PROTOCOL;
    }
    switch (type) {
      case FRAME.DATA:
        return this.onData(one);
      case FRAME.HEADERS:
      case FRAME.CONTINUATION:
        return this.onHeaders(one);
      case FRAME.RST_STREAM:
        if (payload.length !== 4 || streamId === 0) return ERROR.PROTOCOL;
        this.drop(streamId, payload.readUInt32BE(0) === ERROR.REFUSED_STREAM);
        return ERROR.NONE;
      case FRAME.SETTINGS:
        return this.onSettings(one);
      case FRAME.PUSH_PROMISE:
        return ERROR.PROTOCOL;
      case FRAME.PING:
        if (payload.length !== 8 || streamId !== 0) return ERROR.PROTOCOL;
        if ((one.flags & FLAG.ACK) === 0) this.events.write(frame(FRAME.PING, FLAG.ACK, 0, payload));
        return ERROR.NONE;
      case FRAME.GOAWAY:
        return this.onGoAway(one);
      case FRAME.WINDOW_UPDATE:
        return this.onWindowUpdate(one);
      default:
        return ERROR.NONE;
    }
  }

  private onData(one: Frame): number {
    const { flags, payload, streamId } = one;
    const size = payload.length;
    this.receiveWindow -= size;
    if (streamId === 0 || streamId >= this.nextStreamId) return ERROR.PROTOCOL;
    if (this.receiveWindow < 0) return ERROR.FLOW_CONTROL;
    const bytes = withoutPadding(one);
    if (bytes === undefined) return ERROR.PROTOCOL;
    const stream = this.streams.get(streamId);
    if (stream === undefined) {
      // We gave it up, and the server could not know yet.
      this.giveBack(size);
      return ERROR.NONE;
    }
    const ended = (flags & FLAG.END_STREAM) !== 0;
    const refusal = stream.receive(size, bytes.length, ended);
    if (refusal !== ERROR.NONE) {
      this.giveBack(size);
      this.reset(streamId, refusal);
      return ERROR.NONE;
    }
    if (size > bytes.length) this.consumed(streamId, size - bytes.length);
    this.events.onBody(streamId, bytes, ended);
    return ERROR.NONE;
  }

  private onHeaders(one: Frame): number {
    const { flags, payload, streamId, type } = one;
    if (type === FRAME.HEADERS) {
      const inner = withoutPadding(one);
      const skipped = (flags & FLAG.PRIORITY) !== 0 ? 5 : 0;
      if (inner === undefined || inner.length < skipped || streamId === 0 || streamId >= this.nextStreamId) {
        return ERROR.PROTOCOL;
      }
      const part = inner.subarray(skipped);
      this.block = { streamId, ended: (flags & FLAG.END_STREAM) !== 0, parts: [part], bytes: part.length };
    } else {
      if (this.block === undefined) return ERROR.PROTOCOL;
      this.block.parts.push(payload);
      this.block.bytes += payload.length;
    }
    const { block } = this;
    if (block.parts.length > MOST_CONTINUATIONS + 1 || block.bytes > 2 * this.limits.mostBytes + SENT_PAYLOAD_BYTES) {
      return ERROR.ENHANCE_YOUR_CALM;
    }
    return (flags & FLAG.END_HEADERS) === 0 ? ERROR.NONE : this.endBlock(block);
  }

  private endBlock({ ended, parts, streamId }: Block): number {
    this.block = undefined;
    const decoded = this.decoder.decode(Buffer.concat(parts));
    if (decoded.kind === "broken") return ERROR.COMPRESSION;
    const stream = this.streams.get(streamId);
    if (stream === undefined) return ERROR.NONE;
    if (decoded.kind !== "fields" || stream.ended) {
      this.reset(streamId, ERROR.PROTOCOL);
      return ERROR.NONE;
    }
    if (ended && stream.receive(0, 0, true) !== ERROR.NONE) {
      this.reset(streamId, ERROR.PROTOCOL);
      return ERROR.NONE;
    }
    this.events.onHead(streamId, decoded.fields, ended);
    return ERROR.NONE;
  }

  private onSettings({ flags, payload, streamId }: Frame): number {
    if (streamId !== 0 || payload.length % 6 !== 0) return ERROR.PROTOCOL;
    if ((flags & FLAG.ACK) !== 0) return ERROR.NONE;
    for (let at = 0; at < payload.length; at += 6) {
      const value = payload.readUInt32BE(at + 2);
      switch (payload.readUInt16BE(at)) {
        case SETTING.MAX_CONCURRENT_STREAMS:
          this.mostStreams = Math.min(MOST_STREAMS, value);
          break;
        case SETTING.INITIAL_WINDOW_SIZE: {
          if (value > MOST_WINDOW) return ERROR.FLOW_CONTROL;
          const change = value - this.initialSendWindow;
          this.initialSendWindow = value;
          for (const stream of this.streams.values()) if (!grow(stream.outflow, change)) return ERROR.FLOW_CONTROL;
          break;
        }
        default:
      }
    }
    this.events.write(frame(FRAME.SETTINGS, FLAG.ACK, 0, Buffer.alloc(0)));
    this.events.onRoom();
    return ERROR.NONE;
  }

  /** The server ends the connection: what it doesn't name as seen can be sent again (section 6.8). */
  private onGoAway({ payload, streamId }: Frame): number {
    if (streamId !== 0 || payload.length < 8) return ERROR.PROTOCOL;
    this.leaving = true;
    const last = payload.readUInt32BE(0) & 0x7fff_ffff;
    for (const open of Array.from(this.streams.keys())) if (open > last) this.drop(open, true);
    if (this.streams.size === 0) this.end();
    return ERROR.NONE;
  }

  private onWindowUpdate({ payload, streamId }: Frame): number {
    if (payload.length !== 4) return ERROR.FRAME_SIZE;
    const increment = payload.readUInt32BE(0) & 0x7fff_ffff;
    const outflow = streamId === 0 ? this.outflow : this.streams.get(streamId)?.outflow;
    if (outflow === undefined) return ERROR.NONE;
    if (increment === 0 || !grow(outflow, increment)) return ERROR.FLOW_CONTROL;
    this.events.onRoom();
    return ERROR.NONE;
  }

  /** Begins a request. @returns its stream */
  open(fields: readonly Field[], ends: boolean): number {
    const streamId = this.nextStreamId;
    this.nextStreamId += 2;
    this.streams.set(streamId, new SessionStream(this.initialSendWindow, STREAM_WINDOW, false));
    writeHead(this.events, streamId, fields, ends);
    return streamId;
  }

  /** The body of the answer has this length. */
  expect(streamId: number, contentLength: number | undefined): void {
    this.streams.get(streamId)?.expect(contentLength);
  }

  /** How many body bytes may be sent on a stream now. */
  room(streamId: number): number {
    const stream = this.streams.get(streamId);
    return stream === undefined ? 0 : roomOf(stream.outflow, this.outflow);
  }

  /** Sends body bytes; they must fit `room`. */
  send(streamId: number, bytes: Uint8Array, ends: boolean): void {
    const stream = this.streams.get(streamId);
    if (stream === undefined) return;
    stream.outflow.window -= bytes.length;
    this.outflow.window -= bytes.length;
    writeBody(this.events, streamId, bytes, ends);
  }

  /** Body bytes have gone on: the server may send as many again. */
  consumed(streamId: number, byteLength: number): void {
    const update = this.streams.get(streamId)?.consume(byteLength) ?? 0;
    this.giveBack(byteLength);
    if (update > 0) this.events.write(wordFrame(FRAME.WINDOW_UPDATE, streamId, update));
  }

  private giveBack(byteLength: number): void {
    this.unacknowledged += byteLength;
    if (this.unacknowledged < CONNECTION_WINDOW / 4) return;
    this.receiveWindow += this.unacknowledged;
    this.events.write(wordFrame(FRAME.WINDOW_UPDATE, 0, this.unacknowledged));
    this.unacknowledged = 0;
  }

  /** Nobody wants the stream any more; `isWhole`: request and answer are over. */
  close(streamId: number, isWhole: boolean): void {
    const stream = this.streams.get(streamId);
    if (stream === undefined) return;
    this.streams.delete(streamId);
    this.unacknowledged += stream.held;
    if (!isWhole) this.events.write(wordFrame(FRAME.RST_STREAM, streamId, ERROR.CANCEL));
    if (this.leaving && this.streams.size === 0) this.end();
  }

  private reset(streamId: number, code: number): void {
    this.events.write(wordFrame(FRAME.RST_STREAM, streamId, code));
    this.drop(streamId, false);
  }

  private drop(streamId: number, untouched: boolean): void {
    const stream = this.streams.get(streamId);
    if (stream === undefined) return;
    this.streams.delete(streamId);
    this.giveBack(stream.held);
    this.events.onReset(streamId, untouched);
  }

  private fail(code: number): void {
    if (this.over) return;
    this.events.write(goAwayFrame(0, code));
    this.end();
  }

  /** The connection is over, for whatever reason. */
  end(): void {
    if (this.over) return;
    this.over = true;
    for (const streamId of Array.from(this.streams.keys())) this.drop(streamId, false);
    this.events.onEndOfSession();
  }
}
