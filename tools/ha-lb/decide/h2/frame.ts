/** Frames of HTTP/2, RFC 9113 sections 4 and 6: reading them from a stream of bytes, and writing them. */

export const FRAME = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

export const FLAG = { ACK: 1, END_STREAM: 1, END_HEADERS: 4, PADDED: 8, PRIORITY: 32 } as const;

/** Section 7. */
export const ERROR = {
  NONE: 0,
  PROTOCOL: 1,
  INTERNAL: 2,
  FLOW_CONTROL: 3,
  STREAM_CLOSED: 5,
  FRAME_SIZE: 6,
  REFUSED_STREAM: 7,
  CANCEL: 8,
  COMPRESSION: 9,
  ENHANCE_YOUR_CALM: 11,
  HTTP_1_1_REQUIRED: 13,
} as const;

export const SETTING = {
  HEADER_TABLE_SIZE: 1,
  ENABLE_PUSH: 2,
  MAX_CONCURRENT_STREAMS: 3,
  INITIAL_WINDOW_SIZE: 4,
  MAX_FRAME_SIZE: 5,
  MAX_HEADER_LIST_SIZE: 6,
  /** RFC 8441, section 3. */
  ENABLE_CONNECT_PROTOCOL: 8,
} as const;

export const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");
/** Payload of one frame that we send at most: what every client takes. */
export const SENT_PAYLOAD_BYTES = 16_384;
const HEADER_BYTES = 9;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** Cuts what comes into frames. Keeps at most one unfinished frame. */
export class FrameReader {
  private rest: Buffer | undefined;

  constructor(private readonly mostBytes: number = SENT_PAYLOAD_BYTES) {}

  /**
   * Calls `take` for every whole frame; `take` returns false to stop (the connection is over).
   * @returns false when a frame is larger than allowed
   */
  feed(bytes: Buffer, take: (frame: Frame) => boolean): boolean {
    const all = this.rest === undefined ? bytes : Buffer.concat([this.rest, bytes]);
    this.rest = undefined;
    let at = 0;
    while (all.length - at >= HEADER_BYTES) {
      const length = all.readUIntBE(at, 3);
      if (length > this.mostBytes) return false;
      if (all.length - at < HEADER_BYTES + length) break;
      const frame: Frame = {
        type: all.readUInt8(at + 3),
        flags: all.readUInt8(at + 4),
        // The highest bit has no meaning.
        streamId: all.readUInt32BE(at + 5) & 0x7fff_ffff,
        payload: all.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length),
      };
      at += HEADER_BYTES + length;
      if (!take(frame)) return true;
    }
    if (at < all.length) this.rest = at === 0 ? all : Buffer.from(all.subarray(at));
    return true;
  }
}

/** A frame's header for a payload of `length` bytes. */
export function frameHeader(type: number, flags: number, streamId: number, length: number): Buffer {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header.writeUIntBE(length, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(streamId, 5);
  return header;
}

export function frame(type: number, flags: number, streamId: number, payload: Uint8Array): Buffer {
  return Buffer.concat([frameHeader(type, flags, streamId, payload.length), payload]);
}

export function wordFrame(type: number, streamId: number, word: number): Buffer {
  const payload = Buffer.allocUnsafe(4);
  payload.writeUInt32BE(word);
  return frame(type, 0, streamId, payload);
}

export function settingsFrame(settings: readonly (readonly [number, number])[]): Buffer {
  const payload = Buffer.allocUnsafe(settings.length * 6);
  for (const [index, [name, value]] of settings.entries()) {
    payload.writeUInt16BE(name, index * 6);
    payload.writeUInt32BE(value, index * 6 + 2);
  }
  return frame(FRAME.SETTINGS, 0, 0, payload);
}

export function goAwayFrame(lastStreamId: number, code: number): Buffer {
  const payload = Buffer.allocUnsafe(8);
  payload.writeUInt32BE(lastStreamId, 0);
  payload.writeUInt32BE(code, 4);
  return frame(FRAME.GOAWAY, 0, 0, payload);
}

/** The payload without padding; undefined when the padding is longer than the payload (section 6.1). */
export function withoutPadding({ flags, payload }: Frame): Buffer | undefined {
  if ((flags & FLAG.PADDED) === 0) return payload;
  const padding = payload[0];
  if (padding === undefined || padding + 1 > payload.length) return undefined;
  return payload.subarray(1, payload.length - padding);
}
