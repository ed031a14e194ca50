/**
 * Netlink messages as bytes, netlink(7): a header, a fixed structure, then attributes padded to 4.
 * Pure: made and read here, sent elsewhere. Numbers are in the machine's (little-endian) order.
 */

export const NETLINK_HEADER_BYTES = 16;
const ATTRIBUTE_HEADER_BYTES = 4;

/** No request of ours is larger; the kernel's own limit for one attribute is 65535. */
export const NETLINK_REQUEST_LIMIT_BYTES = 65536;
/** Nested attributes we follow; kernel answers nest 4 deep at most. */
export const ATTRIBUTES_LIMIT = 4096;

/** Message types below 16 belong to netlink itself. */
export const NETLINK_TYPE = { NOOP: 1, ERROR: 2, DONE: 3, OVERRUN: 4 } as const;

export const NETLINK_FLAG = {
  REQUEST: 0x1,
  MULTI: 0x2,
  ACK: 0x4,
  DUMP_INTERRUPTED: 0x10,
  DUMP: 0x300,
  REPLACE: 0x100,
  EXCLUSIVE: 0x200,
  CREATE: 0x400,
  APPEND: 0x800,
  /** In an error message: only the header of our request is quoted. */
  CAPPED: 0x100,
  /** In an error message: attributes with the kernel's explanation follow. */
  ACK_ATTRIBUTES: 0x200,
} as const;

const NESTED = 0x8000;
const ATTRIBUTE_TYPE_MASK = 0x3fff;

export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly portId: number;
  /** What follows the header: a view of the bytes read. */
  readonly body: Uint8Array;
}

export type Attributes = ReadonlyMap<number, Uint8Array>;

const padded = (length: number) => (length + 3) & ~3;

/** Writes one or more requests into one block of bytes. */
export class NetlinkWriter {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #messageStart = -1;

  constructor(capacityBytes = 4096) {
    if (capacityBytes > NETLINK_REQUEST_LIMIT_BYTES) throw new Error("a netlink request over 64 KiB");
    this.#bytes = new Uint8Array(new ArrayBuffer(capacityBytes));
    this.#view = new DataView(this.#bytes.buffer);
  }

  #room(length: number): number {
    const at = this.#at;
    if (at + length > this.#bytes.byteLength) throw new Error(`netlink request over ${this.#bytes.byteLength} bytes`);
    this.#at = at + length;
    return at;
  }

  /** Starts a message; `end` completes it. */
  begin(type: number, flags: number, sequence: number): this {
    if (this.#messageStart >= 0) throw new Error("the message before wasn't ended");
    const at = this.#room(NETLINK_HEADER_BYTES);
    this.#messageStart = at;
    this.#view.setUint16(at + 4, type, true);
    this.#view.setUint16(at + 6, flags, true);
    this.#view.setUint32(at + 8, sequence, true);
    this.#view.setUint32(at + 12, 0, true);
    return this;
  }

  u8(...values: number[]): this {
    for (const value of values) this.#view.setUint8(this.#room(1), value);
    return this;
  }

  u16(value: number): this {
    this.#view.setUint16(this.#room(2), value, true);
    return this;
  }

  u32(value: number): this {
    this.#view.setUint32(this.#room(4), value, true);
    return this;
  }

  /** An attribute with a value of whole bytes, padded. */
  attribute(type: number, value: Uint8Array): this {
    const at = this.#room(padded(ATTRIBUTE_HEADER_BYTES + value.byteLength));
    this.#view.setUint16(at, ATTRIBUTE_HEADER_BYTES + value.byteLength, true);
    this.#view.setUint16(at + 2, type, true);
    this.#bytes.fill(0, at + ATTRIBUTE_HEADER_BYTES + value.byteLength, this.#at);
    this.#bytes.set(value, at + ATTRIBUTE_HEADER_BYTES);
    return this;
  }

  attributeU32(type: number, value: number): this {
    const at = this.#room(ATTRIBUTE_HEADER_BYTES + 4);
    this.#view.setUint16(at, ATTRIBUTE_HEADER_BYTES + 4, true);
    this.#view.setUint16(at + 2, type, true);
    this.#view.setUint32(at + 4, value, true);
    return this;
  }

  attributeU8(type: number, value: number): this {
    return this.attribute(type, new Uint8Array([value]));
  }

  /** A zero-terminated string. */
  attributeText(type: number, text: string): this {
    return this.attribute(type, new TextEncoder().encode(`${text}\0`));
  }

  /** An attribute that holds what `inside` writes. */
  nested(type: number, inside: (writer: this) => void): this {
    const at = this.#room(ATTRIBUTE_HEADER_BYTES);
    inside(this);
    this.#view.setUint16(at, this.#at - at, true);
    this.#view.setUint16(at + 2, type | NESTED, true);
    return this;
  }

  /** Completes the message begun last. */
  end(): this {
    if (this.#messageStart < 0) throw new Error("no message was begun");
    this.#view.setUint32(this.#messageStart, this.#at - this.#messageStart, true);
    this.#messageStart = -1;
    return this;
  }

  /** Forgets everything written. */
  reset(): this {
    this.#at = 0;
    this.#messageStart = -1;
    return this;
  }

  /** All ended messages; a copy. */
  bytes(): Uint8Array {
    if (this.#messageStart >= 0) throw new Error("the last message wasn't ended");
    return this.#bytes.slice(0, this.#at);
  }
}

// One block for all single requests: they are copied out of it before anybody can begin another.
const scratch = new NetlinkWriter();

/** One request: `body` writes what follows the header. */
export function netlinkRequest(
  type: number,
  flags: number,
  sequence: number,
  body: (writer: NetlinkWriter) => void,
): Uint8Array {
  const writer = scratch.reset().begin(type, flags | NETLINK_FLAG.REQUEST, sequence);
  body(writer);
  return writer.end().bytes();
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * The messages of one datagram. Stops at the first header whose length can't be true: what follows
 * has no meaning. Never throws.
 */
export function readNetlinkMessages(bytes: Uint8Array): NetlinkMessage[] {
  const view = viewOf(bytes);
  const messages: NetlinkMessage[] = [];
  let at = 0;
  while (at + NETLINK_HEADER_BYTES <= bytes.byteLength) {
    const length = view.getUint32(at, true);
    if (length < NETLINK_HEADER_BYTES || at + length > bytes.byteLength) break;
    messages.push({
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      sequence: view.getUint32(at + 8, true),
      portId: view.getUint32(at + 12, true),
      body: bytes.subarray(at + NETLINK_HEADER_BYTES, at + length),
    });
    at += padded(length);
  }
  return messages;
}

/** The attributes in `bytes` by type; of equal types the last. Stops at an impossible length. Never throws. */
export function readAttributes(bytes: Uint8Array): Attributes {
  const attributes = new Map<number, Uint8Array>();
  for (const [type, value] of listAttributes(bytes)) attributes.set(type, value);
  return attributes;
}

/** As `readAttributes`, in order and with repeated types. */
export function listAttributes(bytes: Uint8Array): (readonly [number, Uint8Array])[] {
  const view = viewOf(bytes);
  const found: (readonly [number, Uint8Array])[] = [];
  let at = 0;
  while (at + ATTRIBUTE_HEADER_BYTES <= bytes.byteLength && found.length < ATTRIBUTES_LIMIT) {
    const length = view.getUint16(at, true);
    if (length < ATTRIBUTE_HEADER_BYTES || at + length > bytes.byteLength) break;
    const type = view.getUint16(at + 2, true) & ATTRIBUTE_TYPE_MASK;
    found.push([type, bytes.subarray(at + ATTRIBUTE_HEADER_BYTES, at + length)]);
    at += padded(length);
  }
  return found;
}

/** A number attribute of 1, 2 or 4 bytes; nothing when it is absent or shorter. */
export function attributeNumber(attributes: Attributes, type: number): number | undefined {
  const value = attributes.get(type);
  if (value === undefined) return undefined;
  const view = viewOf(value);
  if (value.byteLength >= 4) return view.getUint32(0, true);
  if (value.byteLength >= 2) return view.getUint16(0, true);
  return value.byteLength === 1 ? value[0] : undefined;
}

/** A text attribute without its final zero. */
export function attributeText(attributes: Attributes, type: number): string | undefined {
  const value = attributes.get(type);
  if (value === undefined) return undefined;
  const end = value.indexOf(0);
  return new TextDecoder().decode(end < 0 ? value : value.subarray(0, end));
}

/** What an ERROR message says. `errno` is 0 for "done as asked". */
export interface NetlinkError {
  readonly errno: number;
  /** The kernel's own words (extended acknowledgement), `""` when it gave none. */
  readonly text: string;
}

const EXTENDED_TEXT = 1;

/** Reads an ERROR (or DONE) message, with its extended acknowledgement. Never throws. */
export function readNetlinkError(message: NetlinkMessage): NetlinkError {
  const { body } = message;
  if (body.byteLength < 4) return { errno: 0, text: "" };
  const view = viewOf(body);
  const errno = Math.abs(view.getInt32(0, true));
  if ((message.flags & NETLINK_FLAG.ACK_ATTRIBUTES) === 0) return { errno, text: "" };
  // After the error number an ERROR quotes our request: its header alone when capped, else all of it.
  let at = 4;
  if (message.type === NETLINK_TYPE.ERROR) {
    if (body.byteLength < 4 + NETLINK_HEADER_BYTES) return { errno, text: "" };
    const quoted = (message.flags & NETLINK_FLAG.CAPPED) === 0 ? view.getUint32(4, true) : NETLINK_HEADER_BYTES;
    at += padded(Math.min(quoted, body.byteLength));
  }
  return { errno, text: attributeText(readAttributes(body.subarray(at)), EXTENDED_TEXT) ?? "" };
}
