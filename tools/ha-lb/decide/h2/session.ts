/**
 * The server's side of one HTTP/2 connection, RFC 9113: frames in, frames and events out. It knows no socket and no
 * clock. What a client can make it hold is bounded: streams, header blocks, and body bytes by the windows it grants.
 */
import { Allowance } from "./allowance.ts";
import {
  ERROR,
  FLAG,
  FRAME,
  type Frame,
  frame,
  FrameReader,
  goAwayFrame,
  PREFACE,
  SETTING,
  settingsFrame,
  withoutPadding,
  wordFrame,
} from "./frame.ts";
import { type Decoded, HpackDecoder } from "./hpack.ts";
import { areTrailers, translateRequest, type TranslatedRequest } from "./request.ts";
import type { SessionLimits } from "./session-limits.ts";
import { roomOf, writeBody, writeHead } from "./message.ts";
import type { Field } from "./static-table.ts";
import { grow, MOST_WINDOW, Outflow, SessionStream } from "./stream.ts";

/** Body bytes of all streams together that may be on their way or held, unless one stream may have more. */
export const CONNECTION_WINDOW = 1 << 20;
/** Frames of one header block. */
const MOST_CONTINUATIONS = 8;
const DEFAULT_WINDOW = 65_535;

/** What happens to whom. Streams are named by their numbers. */
export interface SessionEvents {
  write(bytes: Buffer): void;
  onRequest(streamId: number, request: TranslatedRequest, ended: boolean): void;
  /** Body bytes; `ended` with the last ones, which may be none. They are to be acknowledged by `consumed`. */
  onBody(streamId: number, bytes: Buffer, ended: boolean): void;
  /** The stream is gone: the client gave it up, or broke a rule. */
  onReset(streamId: number): void;
  /** There is room for more bytes of bodies. */
  onRoom(): void;
  /** The connection is over; what was written is to be sent, then it is closed. */
  onEnd(): void;
}

/** A header block that has not come whole. */
interface Block {
  readonly streamId: number;
  readonly ended: boolean;
  readonly parts: Buffer[];
  bytes: number;
}

export class Session {
  private readonly reader: FrameReader;
  private readonly decoder: HpackDecoder;
  private readonly allowance: Allowance;
  private readonly streams = new Map<number, SessionStream>();
  private readonly outflow = new Outflow(DEFAULT_WINDOW);
  private nowMs: number;
  private greeting: Buffer | undefined = Buffer.alloc(0);
  private settled = false;
  private block: Block | undefined;
  private lastStreamId = 0;
  private initialSendWindow = DEFAULT_WINDOW;
  private readonly fullWindow: number;
  private receiveWindow = DEFAULT_WINDOW;
  private bodySeen = false;
  private unacknowledged = 0;
  private over = false;
  private leaving = false;

  constructor(
    private readonly events: SessionEvents,
    private readonly limits: SessionLimits,
    nowMs: number,
  ) {
    this.nowMs = nowMs;
    this.allowance = new Allowance(nowMs);
    this.decoder = new HpackDecoder(limits, limits.headerTableBytes);
    this.reader = new FrameReader(limits.frameBytes);
    this.fullWindow = Math.max(CONNECTION_WINDOW, limits.streamWindowBytes);
  }

  /** Says what we allow; the first thing to be sent. */
  start(): void {
    const { limits } = this;
    this.events.write(
      settingsFrame([
        [SETTING.HEADER_TABLE_SIZE, limits.headerTableBytes],
        [SETTING.MAX_CONCURRENT_STREAMS, limits.mostStreams],
        [SETTING.INITIAL_WINDOW_SIZE, limits.streamWindowBytes],
        [SETTING.MAX_FRAME_SIZE, limits.frameBytes],
        [SETTING.MAX_HEADER_LIST_SIZE, limits.mostBytes],
        ...(limits.offersTunnels ? [[SETTING.ENABLE_CONNECT_PROTOCOL, 1] as const] : []),
      ]),
    );
  }

  get openStreams(): number {
    return this.streams.size;
  }

  /** Takes bytes of the connection. */
  feed(bytes: Buffer, nowMs: number): void {
    if (this.over) return;
    this.nowMs = nowMs;
    const rest = this.greet(bytes);
    if (rest === undefined) return;
    if (!this.reader.feed(rest, (one) => this.take(one))) this.fail(ERROR.FRAME_SIZE);
  }

  /** The connection begins with fixed bytes; what follows them. */
  private greet(bytes: Buffer): Buffer | undefined {
    if (this.greeting === undefined) return bytes;
    const all = Buffer.concat([this.greeting, bytes]);
    const length = Math.min(all.length, PREFACE.length);
    if (!all.subarray(0, length).equals(PREFACE.subarray(0, length))) {
      this.fail(ERROR.PROTOCOL);
      return undefined;
    }
    this.greeting = length < PREFACE.length ? all : undefined;
    return length < PREFACE.length ? undefined : all.subarray(length);
  }

  /** @returns whether the connection goes on */
  private take(one: Frame): boolean {
    const code = this.step(one);
    if (code !== ERROR.NONE) this.fail(code);
    return !this.over;
  }

  /** Does what a frame says. @returns the error that ends the connection */
  private step(one: Frame): number {
    const { type, streamId } = one;
    if (!this.settled && type !== FRAME.SETTINGS) return ERROR.PROTOCOL;
    // A header block is not to be interrupted (section 6.10).
    if (this.block !== undefined && (type !== FRAME.CONTINUATION || streamId !== this.block.streamId)) {
      return ERROR.PROTOCOL;
    }
    switch (type) {
      case FRAME.DATA:
        return this.onData(one);
      case FRAME.HEADERS:
        return this.onHeaders(one);
      case FRAME.CONTINUATION:
        return this.onContinuation(one);
      case FRAME.PRIORITY:
        return one.payload.length === 5 && streamId !== 0 ? this.pay() : ERROR.FRAME_SIZE;
      case FRAME.RST_STREAM:
        return this.onRstStream(one);
      case FRAME.SETTINGS:
        return this.onSettings(one);
      case FRAME.PUSH_PROMISE:
        return ERROR.PROTOCOL;
      case FRAME.PING:
        return this.onPing(one);
      case FRAME.GOAWAY:
        this.leaving = true;
        return streamId === 0 ? this.pay() : ERROR.PROTOCOL;
      case FRAME.WINDOW_UPDATE:
        return this.onWindowUpdate(one);
      default:
        // Unknown types are ignored (section 4.1), but not for nothing.
        return this.pay();
    }
  }

  private pay(): number {
    return this.allowance.spend(this.nowMs) ? ERROR.NONE : ERROR.ENHANCE_YOUR_CALM;
  }

  private isIdle(streamId: number): boolean {
    return streamId > this.lastStreamId || streamId % 2 === 0;
  }

  private onData(one: Frame): number {
    const { streamId, flags } = one;
    const size = one.payload.length;
    if (streamId === 0 || this.isIdle(streamId)) return ERROR.PROTOCOL;
    this.receiveWindow -= size;
    if (this.receiveWindow < 0) return ERROR.FLOW_CONTROL;
    this.widen();
    const bytes = withoutPadding(one);
    if (bytes === undefined) return ERROR.PROTOCOL;
    const ended = (flags & FLAG.END_STREAM) !== 0;
    const stream = this.streams.get(streamId);
    if (stream === undefined) {
      // It was reset, and the client could not know yet.
      this.giveBack(size);
      return this.pay();
    }
    const refusal = stream.receive(size, bytes.length, ended);
    if (refusal !== ERROR.NONE) {
      this.giveBack(size);
      this.reset(streamId, refusal);
      return this.pay();
    }
    // Padding is used up at once.
    if (size > bytes.length) this.consumed(streamId, size - bytes.length);
    if (bytes.length === 0 && !ended) return this.pay();
    this.events.onBody(streamId, bytes, ended);
    return ERROR.NONE;
  }

  private onHeaders(one: Frame): number {
    const { streamId, flags } = one;
    const inner = withoutPadding(one);
    const skipped = (flags & FLAG.PRIORITY) !== 0 ? 5 : 0;
    if (inner === undefined || inner.length < skipped || streamId % 2 === 0) return ERROR.PROTOCOL;
    const part = inner.subarray(skipped);
    this.block = { streamId, ended: (flags & FLAG.END_STREAM) !== 0, parts: [part], bytes: part.length };
    return (flags & FLAG.END_HEADERS) !== 0 ? this.endBlock(this.block) : ERROR.NONE;
  }

  private onContinuation({ flags, payload }: Frame): number {
    const { block } = this;
    if (block === undefined) return ERROR.PROTOCOL;
    block.parts.push(payload);
    block.bytes += payload.length;
    // What is compressed can't be larger than what it stands for, but for a little.
    if (block.parts.length > MOST_CONTINUATIONS || block.bytes > 2 * this.limits.mostBytes) {
      return ERROR.ENHANCE_YOUR_CALM;
    }
    return (flags & FLAG.END_HEADERS) !== 0 ? this.endBlock(block) : ERROR.NONE;
  }

  private endBlock(block: Block): number {
    this.block = undefined;
    const decoded = this.decoder.decode(
      block.parts.length === 1 ? (block.parts[0] ?? Buffer.alloc(0)) : Buffer.concat(block.parts),
    );
    if (decoded.kind === "broken") return ERROR.COMPRESSION;
    return block.streamId > this.lastStreamId ? this.openStream(block, decoded) : this.endWithTrailers(block, decoded);
  }

  private openStream({ streamId, ended }: Block, decoded: Decoded): number {
    this.lastStreamId = streamId;
    if (this.leaving || this.streams.size >= this.limits.mostStreams) {
      this.events.write(wordFrame(FRAME.RST_STREAM, streamId, ERROR.REFUSED_STREAM));
      return this.pay();
    }
    const stream = new SessionStream(this.initialSendWindow, this.limits.streamWindowBytes, ended);
    this.streams.set(streamId, stream);
    if (decoded.kind !== "fields") {
      this.respond(streamId, [[":status", "431"]], true);
      this.finish(streamId);
      return this.pay();
    }
    const request = translateRequest(decoded.fields, ended);
    if (request === undefined) {
      this.reset(streamId, ERROR.PROTOCOL);
      return this.pay();
    }
    if (request.method === "CONNECT") {
      this.reset(streamId, ERROR.HTTP_1_1_REQUIRED);
      return this.pay();
    }
    stream.expect(request.contentLength);
    this.events.onRequest(streamId, request, ended);
    return ERROR.NONE;
  }

  private endWithTrailers({ streamId, ended }: Block, decoded: Decoded): number {
    const stream = this.streams.get(streamId);
    if (stream === undefined) return this.pay();
    const good = decoded.kind === "fields" && ended && areTrailers(decoded.fields);
    const refusal = good ? stream.receive(0, 0, true) : ERROR.PROTOCOL;
    if (refusal !== ERROR.NONE) {
      this.reset(streamId, refusal);
      return this.pay();
    }
    this.events.onBody(streamId, Buffer.alloc(0), true);
    return ERROR.NONE;
  }

  private onRstStream({ streamId, payload }: Frame): number {
    if (payload.length !== 4) return ERROR.FRAME_SIZE;
    if (streamId === 0 || this.isIdle(streamId)) return ERROR.PROTOCOL;
    const stream = this.streams.get(streamId);
    if (stream !== undefined) {
      this.streams.delete(streamId);
      this.giveBack(stream.held);
      this.events.onReset(streamId);
    }
    return this.pay();
  }

  private onSettings({ flags, streamId, payload }: Frame): number {
    if (streamId !== 0) return ERROR.PROTOCOL;
    if ((flags & FLAG.ACK) !== 0) return payload.length === 0 ? this.pay() : ERROR.FRAME_SIZE;
    if (payload.length % 6 !== 0) return ERROR.FRAME_SIZE;
    this.settled = true;
    for (let at = 0; at < payload.length; at += 6) {
      const refusal = this.onSetting(payload.readUInt16BE(at), payload.readUInt32BE(at + 2));
      if (refusal !== ERROR.NONE) return refusal;
    }
    this.events.write(frame(FRAME.SETTINGS, FLAG.ACK, 0, Buffer.alloc(0)));
    this.events.onRoom();
    return this.pay();
  }

  private onSetting(name: number, value: number): number {
    switch (name) {
      case SETTING.ENABLE_PUSH:
        return value <= 1 ? ERROR.NONE : ERROR.PROTOCOL;
      case SETTING.MAX_FRAME_SIZE:
        return value >= 16_384 && value < 1 << 24 ? ERROR.NONE : ERROR.PROTOCOL;
      case SETTING.INITIAL_WINDOW_SIZE: {
        if (value > MOST_WINDOW) return ERROR.FLOW_CONTROL;
        const change = value - this.initialSendWindow;
        this.initialSendWindow = value;
        for (const stream of this.streams.values()) if (!grow(stream.outflow, change)) return ERROR.FLOW_CONTROL;
        return ERROR.NONE;
      }
      default:
        return ERROR.NONE;
    }
  }

  private onPing({ flags, streamId, payload }: Frame): number {
    if (streamId !== 0) return ERROR.PROTOCOL;
    if (payload.length !== 8) return ERROR.FRAME_SIZE;
    if ((flags & FLAG.ACK) === 0) this.events.write(frame(FRAME.PING, FLAG.ACK, 0, payload));
    return this.pay();
  }

  private onWindowUpdate({ streamId, payload }: Frame): number {
    if (payload.length !== 4) return ERROR.FRAME_SIZE;
    const increment = payload.readUInt32BE(0) & 0x7fff_ffff;
    const stream = this.streams.get(streamId);
    if (streamId === 0) {
      if (increment === 0) return ERROR.PROTOCOL;
      if (!grow(this.outflow, increment)) return ERROR.FLOW_CONTROL;
    } else if (stream !== undefined) {
      if (increment === 0 || !grow(stream.outflow, increment)) {
        this.reset(streamId, increment === 0 ? ERROR.PROTOCOL : ERROR.FLOW_CONTROL);
        return this.pay();
      }
    } else if (this.isIdle(streamId)) return ERROR.PROTOCOL;
    this.events.onRoom();
    return this.pay();
  }

  /** Sends the head of an answer, final or interim. */
  respond(streamId: number, fields: readonly Field[], ends: boolean): void {
    writeHead(this.events, streamId, fields, ends);
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
    if (bytes.length > this.room(streamId)) throw new Error("more bytes than the window has room for");
    stream.outflow.window -= bytes.length;
    this.outflow.window -= bytes.length;
    this.allowance.earn(bytes.length);
    writeBody(this.events, streamId, bytes, ends);
  }

  /** The answer is whole: the stream is over. A body that still comes is not wanted (section 8.1). */
  finish(streamId: number): void {
    const stream = this.streams.get(streamId);
    if (stream === undefined) return;
    if (!stream.ended) this.events.write(wordFrame(FRAME.RST_STREAM, streamId, ERROR.NONE));
    this.streams.delete(streamId);
    this.giveBack(stream.held);
  }

  /** Gives a stream up, with an event for whoever is behind it. */
  reset(streamId: number, code: number): void {
    const stream = this.streams.get(streamId);
    if (stream === undefined) return;
    this.streams.delete(streamId);
    this.giveBack(stream.held);
    this.events.write(wordFrame(FRAME.RST_STREAM, streamId, code));
    this.events.onReset(streamId);
  }

  /** Body bytes have gone on: the client may send as many again. */
  consumed(streamId: number, byteLength: number): void {
    const stream = this.streams.get(streamId);
    if (stream === undefined) return;
    const update = stream.consume(byteLength);
    this.giveBack(byteLength);
    if (update > 0) this.events.write(wordFrame(FRAME.WINDOW_UPDATE, streamId, update));
  }

  /** The larger window of the connection is told with the first body: most clients never send one. */
  private widen(): void {
    if (this.bodySeen) return;
    this.bodySeen = true;
    const more = this.fullWindow - DEFAULT_WINDOW;
    this.receiveWindow += more;
    this.events.write(wordFrame(FRAME.WINDOW_UPDATE, 0, more));
  }

  private giveBack(byteLength: number): void {
    this.unacknowledged += byteLength;
    if (this.unacknowledged < this.fullWindow / 4) return;
    this.receiveWindow += this.unacknowledged;
    this.events.write(wordFrame(FRAME.WINDOW_UPDATE, 0, this.unacknowledged));
    this.unacknowledged = 0;
  }

  /** No new streams; those that run may finish. */
  leave(): void {
    if (this.leaving || this.over) return;
    this.leaving = true;
    this.events.write(goAwayFrame(this.lastStreamId, ERROR.NONE));
  }

  private fail(code: number): void {
    if (this.over) return;
    this.over = true;
    this.events.write(goAwayFrame(this.lastStreamId, code));
    for (const streamId of Array.from(this.streams.keys())) {
      this.streams.delete(streamId);
      this.events.onReset(streamId);
    }
    this.events.onEnd();
  }
}
