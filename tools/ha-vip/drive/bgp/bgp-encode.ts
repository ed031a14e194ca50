/** BGP messages to bytes: RFC 4271 section 4, RFC 6793, RFC 4760, RFC 1997. */
import type { IpAddress } from "../../../../shared/text/address.ts";
import type { IpPrefix } from "../../../../shared/text/prefix.ts";
import { AS_TRANS, LOCAL_PREFERENCE } from "../../model/bgp/bgp.ts";
import type { BgpNotification, BgpOpen, BgpRoute } from "../../model/bgp/message.ts";
import { CAPABILITY, HEADER_BYTES, MAX_MESSAGE_BYTES, MESSAGE_TYPE } from "./bgp-decode.ts";

const VERSION = 4;
const PARAMETER_CAPABILITIES = 2;
const SAFI_UNICAST = 1;
const AFI = { 4: 1, 6: 2 } as const;
const MOST_SHORT_AS = 0xffff;

const ATTRIBUTE = {
  origin: 1,
  asPath: 2,
  nextHop: 3,
  med: 4,
  localPreference: 5,
  communities: 8,
  reach: 14,
  unreach: 15,
  as4Path: 17,
} as const;
const OPTIONAL = 0x80;
const TRANSITIVE = 0x40;
const EXTENDED_LENGTH = 0x10;
const ORIGIN_IGP = 0;
const AS_SEQUENCE = 2;

/** What both sides agreed on when the session began. */
export interface BgpAgreement {
  readonly as: number;
  /** Peers of our own AS get our local preference, and no AS in the path. */
  readonly internal: boolean;
  readonly fourOctetAs: boolean;
}

const u16 = (value: number): number[] => [(value >>> 8) & 0xff, value & 0xff];
const u32 = (value: number): number[] => [...u16(value >>> 16), ...u16(value & 0xffff)];

function message(type: number, body: readonly number[]): Uint8Array {
  const length = HEADER_BYTES + body.length;
  if (length > MAX_MESSAGE_BYTES) throw new Error(`a BGP message of ${length} bytes`);
  const bytes = new Uint8Array(length).fill(0xff, 0, 16);
  bytes.set([...u16(length), type, ...body], 16);
  return bytes;
}

export function encodeKeepalive(): Uint8Array {
  return message(MESSAGE_TYPE.keepalive, []);
}

export function encodeNotification({ code, subcode }: BgpNotification): Uint8Array {
  return message(MESSAGE_TYPE.notification, [code, subcode]);
}

export function encodeOpen(open: BgpOpen): Uint8Array {
  const capability = (code: number, value: readonly number[]): number[] => [code, value.length, ...value];
  const capabilities = [
    ...open.families.flatMap((family) => capability(CAPABILITY.families, [0, AFI[family], 0, SAFI_UNICAST])),
    ...(open.routeRefresh ? capability(CAPABILITY.routeRefresh, []) : []),
    ...(open.fourOctetAs ? capability(CAPABILITY.fourOctetAs, u32(open.as)) : []),
  ];
  const parameters = capabilities.length === 0 ? [] : [PARAMETER_CAPABILITIES, capabilities.length, ...capabilities];
  const short = open.as > MOST_SHORT_AS ? AS_TRANS : open.as;
  const { holdSeconds, routerId } = open;
  const fixed = [VERSION, ...u16(short), ...u16(holdSeconds), ...u32(routerId), parameters.length];
  return message(MESSAGE_TYPE.open, [...fixed, ...parameters]);
}

function attribute(flags: number, type: number, value: readonly number[]): number[] {
  return value.length > 0xff
    ? [flags | EXTENDED_LENGTH, type, ...u16(value.length), ...value]
    : [flags, type, value.length, ...value];
}

/** Length in bits and as many bytes as it needs. */
function prefixBytes({ address, length }: IpPrefix): number[] {
  return [length, ...address.bytes.subarray(0, Math.ceil(length / 8))];
}

function pathAttributes({ as, fourOctetAs, internal }: BgpAgreement): number[] {
  const path = (number: readonly number[]): number[] => (internal ? [] : [AS_SEQUENCE, 1, ...number]);
  if (fourOctetAs) return attribute(TRANSITIVE, ATTRIBUTE.asPath, path(u32(as)));
  const short = attribute(TRANSITIVE, ATTRIBUTE.asPath, path(u16(as > MOST_SHORT_AS ? AS_TRANS : as)));
  if (as <= MOST_SHORT_AS || internal) return short;
  return [...short, ...attribute(OPTIONAL | TRANSITIVE, ATTRIBUTE.as4Path, path(u32(as)))];
}

/** In the order of their numbers, as section 5 of RFC 4271 asks. */
function attributesOf(route: BgpRoute, agreement: BgpAgreement, family: 4 | 6, nlri: readonly number[]): number[] {
  const { communities, med, nextHop } = route;
  const hop = Array.from(nextHop.bytes);
  const reach = [...u16(AFI[6]), SAFI_UNICAST, hop.length, ...hop, 0, ...nlri];
  const internal = attribute(TRANSITIVE, ATTRIBUTE.localPreference, u32(LOCAL_PREFERENCE));
  const path = pathAttributes(agreement);
  const [asPath, as4Path] = [path.slice(0, 3 + (path[2] ?? 0)), path.slice(3 + (path[2] ?? 0))];
  return [
    ...attribute(TRANSITIVE, ATTRIBUTE.origin, [ORIGIN_IGP]),
    ...asPath,
    ...(family === 4 ? attribute(TRANSITIVE, ATTRIBUTE.nextHop, hop) : []),
    ...(med === undefined ? [] : attribute(OPTIONAL, ATTRIBUTE.med, u32(med))),
    ...(agreement.internal ? internal : []),
    ...(communities.length === 0
      ? []
      : attribute(OPTIONAL | TRANSITIVE, ATTRIBUTE.communities, communities.flatMap(u32))),
    ...(family === 6 ? attribute(OPTIONAL, ATTRIBUTE.reach, reach) : []),
    ...as4Path,
  ];
}

/** One route in one UPDATE: they are few, and each may change alone. */
export function encodeAnnounce(route: BgpRoute, agreement: BgpAgreement): Uint8Array {
  const { family } = route.prefix.address;
  const nlri = prefixBytes(route.prefix);
  const attributes = attributesOf(route, agreement, family, nlri);
  return message(MESSAGE_TYPE.update, [0, 0, ...u16(attributes.length), ...attributes, ...(family === 4 ? nlri : [])]);
}

export function encodeWithdraw(prefix: IpPrefix): Uint8Array {
  const nlri = prefixBytes(prefix);
  if (prefix.address.family === 4) return message(MESSAGE_TYPE.update, [...u16(nlri.length), ...nlri, 0, 0]);
  const unreach = attribute(OPTIONAL, ATTRIBUTE.unreach, [...u16(AFI[6]), SAFI_UNICAST, ...nlri]);
  return message(MESSAGE_TYPE.update, [0, 0, ...u16(unreach.length), ...unreach]);
}

/** An IPv4 address as the 32-bit number that identifies a router. */
export function routerIdOf({ bytes }: IpAddress): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
}
