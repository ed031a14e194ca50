/** Addresses of interfaces in rtnetlink's layout, rtnetlink(7): struct ifaddrmsg and IFA_ attributes. Pure. */
import type { IpAddress } from "../../text/address.ts";
import { broadcastOf } from "../../text/prefix.ts";
import { addressOf, FAMILY_OF, familyOf } from "./codec-common.ts";
import {
  attributeNumber,
  attributeText,
  NETLINK_FLAG,
  type NetlinkMessage,
  type NetlinkWriter,
  netlinkRequest,
  readAttributes,
} from "./netlink-message.ts";

export const ADDRESS_MESSAGE = { NEW: 20, REMOVED: 21, GET: 22 } as const;

export const ADDRESS_FLAG = {
  /** IPv4: not the first of its network on the interface. IPv6: temporary. */
  SECONDARY: 0x1,
  /** IPv6: don't look for duplicates first, use at once. */
  NO_DUPLICATE_DETECTION: 0x2,
  DUPLICATE_FOUND: 0x8,
  DEPRECATED: 0x20,
  /** IPv6: duplicate detection is running; the address can't be used yet. */
  TENTATIVE: 0x40,
  PERMANENT: 0x80,
  NO_PREFIX_ROUTE: 0x200,
} as const;

/** Where an address is valid, rtnetlink(7). */
export const ADDRESS_SCOPE = { universe: 0, site: 200, link: 253, host: 254 } as const;
export type AddressScope = keyof typeof ADDRESS_SCOPE;

const IFA = { ADDRESS: 1, LOCAL: 2, LABEL: 3, BROADCAST: 4, CACHEINFO: 6, FLAGS: 8 } as const;
const HEADER_BYTES = 8;
const FOR_EVER = 0xffffffff;

/** An address to have on an interface. */
export interface AddressSpec {
  readonly interfaceIndex: number;
  readonly address: IpAddress;
  readonly prefixLength: number;
  readonly scope?: AddressScope;
  /** IPv4: a name such as `eth0:1`, up to 15 bytes, that must begin with the interface's name. */
  readonly label?: string;
  /** IPv4: `"computed"` from the prefix, an address, or absent for none. */
  readonly broadcast?: "computed" | IpAddress;
  /** IPv4: the other end of a point-to-point link. */
  readonly peer?: IpAddress;
  /** Seconds until the kernel removes the address by itself; absent or `Infinity`: never. */
  readonly validSeconds?: number;
  /** Seconds until the address stops being chosen as a source; at most `validSeconds`. */
  readonly preferredSeconds?: number;
  /** IPv6: use at once, without looking for duplicates. */
  readonly noDuplicateDetection?: boolean;
  /** Add no route to the address's network. */
  readonly noPrefixRoute?: boolean;
}

/** An address that an interface has. */
export interface AddressEntry {
  readonly interfaceIndex: number;
  readonly address: IpAddress;
  readonly prefixLength: number;
  readonly scope: AddressScope;
  /** Bits of `ADDRESS_FLAG`. */
  readonly flags: number;
  readonly label?: string;
  readonly peer?: IpAddress;
  /** `Infinity` for a permanent address. */
  readonly validSeconds: number;
  readonly preferredSeconds: number;
}

function lifetime(seconds: number | undefined): number {
  if (seconds === undefined || seconds === Infinity) return FOR_EVER;
  if (!(seconds >= 0)) throw new Error(`lifetime of ${seconds} seconds`);
  // Rounded up, so that a short lifetime never becomes 0, which the kernel refuses.
  return Math.min(FOR_EVER - 1, Math.ceil(seconds));
}

function putHeader(writer: NetlinkWriter, spec: AddressSpec, flags: number): void {
  const scope = ADDRESS_SCOPE[spec.scope ?? "universe"];
  writer.u8(FAMILY_OF[spec.address.family], spec.prefixLength, flags & 0xff, scope).u32(spec.interfaceIndex);
}

function putAddresses(writer: NetlinkWriter, spec: AddressSpec): void {
  writer.attribute(IFA.LOCAL, spec.address.bytes);
  writer.attribute(IFA.ADDRESS, (spec.peer ?? spec.address).bytes);
}

/**
 * Gives an interface an address. With `replace`, an address that is there gets the new lifetimes
 * and flags (this is how a lifetime is renewed); without, it is refused with EEXIST.
 */
export function encodeAddressAdd(sequence: number, spec: AddressSpec, replace: boolean): Uint8Array {
  const how = NETLINK_FLAG.CREATE | (replace ? NETLINK_FLAG.REPLACE : NETLINK_FLAG.EXCLUSIVE);
  const flags =
    (spec.noDuplicateDetection === true ? ADDRESS_FLAG.NO_DUPLICATE_DETECTION : 0) |
    (spec.noPrefixRoute === true ? ADDRESS_FLAG.NO_PREFIX_ROUTE : 0);
  return netlinkRequest(ADDRESS_MESSAGE.NEW, NETLINK_FLAG.ACK | how, sequence, (writer) => {
    putHeader(writer, spec, flags);
    putAddresses(writer, spec);
    if (flags !== 0) writer.attributeU32(IFA.FLAGS, flags);
    const prefix = { address: spec.address, length: spec.prefixLength };
    const broadcast = spec.broadcast === "computed" ? broadcastOf(prefix) : spec.broadcast;
    if (broadcast !== undefined) writer.attribute(IFA.BROADCAST, broadcast.bytes);
    if (spec.label !== undefined) writer.attributeText(IFA.LABEL, spec.label);
    const valid = lifetime(spec.validSeconds);
    const preferred = Math.min(valid, lifetime(spec.preferredSeconds));
    if (valid !== FOR_EVER || preferred !== FOR_EVER) {
      const cache = new DataView(new ArrayBuffer(16));
      cache.setUint32(0, preferred, true);
      cache.setUint32(4, valid, true);
      writer.attribute(IFA.CACHEINFO, new Uint8Array(cache.buffer));
    }
  });
}

/** Takes an address off an interface; refused with EADDRNOTAVAIL when it isn't there. */
export function encodeAddressDelete(sequence: number, spec: AddressSpec): Uint8Array {
  return netlinkRequest(ADDRESS_MESSAGE.REMOVED, NETLINK_FLAG.ACK, sequence, (writer) => {
    putHeader(writer, spec, 0);
    putAddresses(writer, spec);
    if (spec.label !== undefined) writer.attributeText(IFA.LABEL, spec.label);
  });
}

/** Asks for the addresses of one family, or of both; of one interface where the kernel can filter (5.0). */
export function encodeAddressDump(sequence: number, family: 4 | 6 | "both", interfaceIndex = 0): Uint8Array {
  return netlinkRequest(ADDRESS_MESSAGE.GET, NETLINK_FLAG.DUMP, sequence, (writer) =>
    writer.u8(family === "both" ? 0 : FAMILY_OF[family], 0, 0, 0).u32(interfaceIndex),
  );
}

function scopeName(scope: number): AddressScope {
  if (scope === ADDRESS_SCOPE.host) return "host";
  if (scope === ADDRESS_SCOPE.link) return "link";
  return scope === ADDRESS_SCOPE.site ? "site" : "universe";
}

function lifetimes(cache: Uint8Array | undefined): Pick<AddressEntry, "validSeconds" | "preferredSeconds"> {
  if (cache === undefined || cache.byteLength < 8) return { validSeconds: Infinity, preferredSeconds: Infinity };
  const view = new DataView(cache.buffer, cache.byteOffset, cache.byteLength);
  const seconds = (value: number) => (value === FOR_EVER ? Infinity : value);
  return { preferredSeconds: seconds(view.getUint32(0, true)), validSeconds: seconds(view.getUint32(4, true)) };
}

/** Reads a message about an address; nothing for other families and for broken ones. Never throws. */
export function decodeAddress(message: Pick<NetlinkMessage, "body">): AddressEntry | undefined {
  const { body } = message;
  if (body.byteLength < HEADER_BYTES) return undefined;
  const family = familyOf(body[0]);
  if (family === undefined) return undefined;
  const attributes = readAttributes(body.subarray(HEADER_BYTES));
  // On a point-to-point link ADDRESS is the other end and LOCAL is ours; elsewhere LOCAL may be absent.
  const remote = addressOf(family, attributes.get(IFA.ADDRESS));
  const address = addressOf(family, attributes.get(IFA.LOCAL)) ?? remote;
  if (address === undefined) return undefined;
  const label = attributeText(attributes, IFA.LABEL);
  const distant = remote !== undefined && remote.bytes.some((byte, index) => byte !== address.bytes[index]);
  return {
    interfaceIndex: new DataView(body.buffer, body.byteOffset, body.byteLength).getUint32(4, true),
    address,
    prefixLength: body[1] ?? 0,
    scope: scopeName(body[3] ?? 0),
    flags: attributeNumber(attributes, IFA.FLAGS) ?? body[2] ?? 0,
    ...(label === undefined ? {} : { label }),
    ...(distant ? { peer: remote } : {}),
    ...lifetimes(attributes.get(IFA.CACHEINFO)),
  };
}
