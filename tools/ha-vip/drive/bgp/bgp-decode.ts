/** Bytes of a BGP stream to messages: RFC 4271 section 4 and 6, RFC 5492, RFC 6793, RFC 4760, RFC 2918, RFC 9072. */
import { AS_TRANS } from "../../model/bgp/bgp.ts";
import { type BgpMessage, type BgpNotification, type BgpOpen, NOTIFICATION } from "../../model/bgp/message.ts";

export const HEADER_BYTES = 19;
/** Without the capability of RFC 8654, which we don't have. */
export const MAX_MESSAGE_BYTES = 4096;
export const MESSAGE_TYPE = { open: 1, update: 2, notification: 3, keepalive: 4, refresh: 5 } as const;
export const CAPABILITY = { families: 1, routeRefresh: 2, fourOctetAs: 65 } as const;
const MARKER_BYTES = 16;
const VERSION = 4;
const PARAMETER_CAPABILITIES = 2;
const EXTENDED_PARAMETERS = 255;
const SAFI_UNICAST = 1;
/** Of a shutdown message (RFC 9003) so much is shown. */
const MAX_SHUTDOWN_TEXT_BYTES = 128;

export type Framed =
  | { readonly kind: "message"; readonly message: BgpMessage; readonly length: number }
  /** More bytes are needed. */
  | { readonly kind: "wait" }
  /** The session must end with this NOTIFICATION. */
  | { readonly kind: "broken"; readonly notification: BgpNotification };

type Read = BgpMessage | BgpNotification;

/** Reads the first message of a stream's bytes. Never throws, whatever they are. */
export function decodeBgp(bytes: Uint8Array): Framed {
  const marker = bytes.subarray(0, MARKER_BYTES);
  if (!marker.every((byte) => byte === 0xff)) return broken(NOTIFICATION.notSynchronized);
  if (bytes.length < HEADER_BYTES) return { kind: "wait" };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint16(MARKER_BYTES);
  if (length < HEADER_BYTES || length > MAX_MESSAGE_BYTES) return broken(NOTIFICATION.badLength);
  if (bytes.length < length) return { kind: "wait" };
  const read = readBody(bytes[MARKER_BYTES + 2] ?? 0, bytes.subarray(HEADER_BYTES, length));
  return "kind" in read ? { kind: "message", message: read, length } : broken(read);
}

function broken(notification: BgpNotification): Framed {
  return { kind: "broken", notification };
}

function readBody(type: number, body: Uint8Array): Read {
  switch (type) {
    case MESSAGE_TYPE.open:
      return readOpen(body);
    case MESSAGE_TYPE.update:
      return readUpdate(body);
    case MESSAGE_TYPE.notification:
      return readNotification(body);
    case MESSAGE_TYPE.keepalive:
      return body.length === 0 ? { kind: "keepalive" } : NOTIFICATION.badLength;
    case MESSAGE_TYPE.refresh:
      return body.length === 4 ? { kind: "refresh" } : NOTIFICATION.badLength;
    default:
      return NOTIFICATION.badType;
  }
}

function readNotification(body: Uint8Array): Read {
  const [code, subcode] = body;
  if (code === undefined || subcode === undefined) return NOTIFICATION.badLength;
  return { kind: "notification", notification: { code, subcode }, text: shutdownText(body.subarray(2), code, subcode) };
}

/** What the operator of the other side wrote, RFC 9003; printable characters only. */
function shutdownText(data: Uint8Array, code: number, subcode: number): string {
  if (code !== 6 || (subcode !== 2 && subcode !== 4)) return "";
  const length = Math.min(data[0] ?? 0, MAX_SHUTDOWN_TEXT_BYTES);
  return new TextDecoder().decode(data.subarray(1, 1 + length)).replace(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, " ");
}

/**
 * We keep no routes, so attributes with mistakes concern nobody (RFC 7606 would treat them as withdrawn); only a frame
 * whose parts don't fit ends the session, since then nothing after it can be trusted.
 */
function readUpdate(body: Uint8Array): Read {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  if (body.length < 4) return NOTIFICATION.badLength;
  const withdrawn = view.getUint16(0);
  if (withdrawn + 4 > body.length) return NOTIFICATION.malformedAttributes;
  const attributes = view.getUint16(2 + withdrawn);
  return withdrawn + attributes + 4 > body.length ? NOTIFICATION.malformedAttributes : { kind: "update" };
}

function readOpen(body: Uint8Array): Read {
  if (body.length < 10) return NOTIFICATION.badLength;
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  if (body[0] !== VERSION) return NOTIFICATION.unsupportedVersion;
  const holdSeconds = view.getUint16(3);
  const routerId = view.getUint32(5);
  if (holdSeconds === 1 || holdSeconds === 2) return NOTIFICATION.unacceptableHoldTime;
  if (routerId === 0) return NOTIFICATION.badIdentifier;
  const capabilities = readParameters(body.subarray(9));
  if (capabilities === undefined) return NOTIFICATION.openUnspecific;
  const four = capabilities.find(({ code, value }) => code === CAPABILITY.fourOctetAs && value.length === 4)?.value;
  const short = view.getUint16(1);
  const as = four === undefined ? short : number32(four);
  if (as === 0 || (four !== undefined && short !== AS_TRANS && short !== as)) return NOTIFICATION.badPeerAs;
  const families = capabilities.flatMap(({ code, value }) => (code === CAPABILITY.families ? familyOf(value) : []));
  const open: BgpOpen = {
    as,
    holdSeconds,
    routerId,
    fourOctetAs: four !== undefined,
    // A speaker that names none speaks of IPv4 only.
    families: families.length === 0 ? [4] : [...new Set(families)],
    routeRefresh: capabilities.some(({ code }) => code === CAPABILITY.routeRefresh),
  };
  return { kind: "open", open };
}

function number32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
}

/** AFI (2 bytes), reserved, SAFI. */
function familyOf(value: Uint8Array): (4 | 6)[] {
  if (value.length !== 4 || value[0] !== 0 || value[3] !== SAFI_UNICAST) return [];
  if (value[1] === 1) return [4];
  return value[1] === 2 ? [6] : [];
}

interface Capability {
  readonly code: number;
  readonly value: Uint8Array;
}

/** Type, length (one byte, or two with RFC 9072), value. Undefined when they don't fit. */
function readParameters(bytes: Uint8Array): Capability[] | undefined {
  let rest = bytes.subarray(1);
  let wide = 1;
  if (bytes[0] === EXTENDED_PARAMETERS && bytes[1] === EXTENDED_PARAMETERS) {
    wide = 2;
    if (bytes.length < 4) return undefined;
    const length = ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
    rest = bytes.subarray(4);
    if (length !== rest.length) return undefined;
  } else if (bytes[0] !== rest.length) return undefined;
  const found: Capability[] = [];
  for (const { type, value } of triples(rest, wide) ?? [{ type: -1, value: rest }]) {
    if (type < 0) return undefined;
    // Other parameters are deprecated; a speaker that needs one is refused by their absence, not here.
    if (type !== PARAMETER_CAPABILITIES) continue;
    const inner = triples(value, 1);
    if (inner === undefined) return undefined;
    found.push(...inner.map(({ type: code, value: content }) => ({ code, value: content })));
  }
  return found;
}

function triples(
  bytes: Uint8Array,
  lengthBytes: number,
): readonly { readonly type: number; readonly value: Uint8Array }[] | undefined {
  const found: { type: number; value: Uint8Array }[] = [];
  for (let at = 0; at < bytes.length;) {
    const start = at + 1 + lengthBytes;
    if (start > bytes.length) return undefined;
    const first = bytes[at + 1] ?? 0;
    const length = lengthBytes === 1 ? first : (first << 8) | (bytes[at + 2] ?? 0);
    if (start + length > bytes.length) return undefined;
    found.push({ type: bytes[at] ?? 0, value: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return found;
}
