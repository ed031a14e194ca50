/** Network interfaces in rtnetlink's layout, rtnetlink(7): struct ifinfomsg and IFLA_ attributes. Pure. */
import {
  type Attributes,
  attributeNumber,
  attributeText,
  NETLINK_FLAG,
  type NetlinkMessage,
  type NetlinkWriter,
  netlinkRequest,
  readAttributes,
} from "./netlink-message.ts";

export const LINK_MESSAGE = { NEW: 16, REMOVED: 17, GET: 18, SET: 19 } as const;

/** Interface flags, netdevice(7). */
export const LINK_FLAG = {
  UP: 0x1,
  BROADCAST: 0x2,
  LOOPBACK: 0x8,
  POINT_TO_POINT: 0x10,
  RUNNING: 0x40,
  NO_ARP: 0x80,
  PROMISCUOUS: 0x100,
  MULTICAST: 0x1000,
  /** There is a carrier: a cable, a peer of a veth pair that is up. */
  LOWER_UP: 0x10000,
} as const;

const IFLA = {
  ADDRESS: 1,
  IFNAME: 3,
  MTU: 4,
  LINK: 5,
  MASTER: 10,
  NET_NS_PID: 19,
  OPERSTATE: 16,
  LINKINFO: 18,
} as const;
const NET_NS_FD = 28;
const EXT_MASK = 29;
const SKIP_STATISTICS = 8;
const INFO_KIND = 1;
const INFO_DATA = 2;
const MACVLAN_MODE = 1;
const VETH_PEER = 1;
const HEADER_BYTES = 16;

/** Names of IFLA_OPERSTATE, RFC 2863. */
const OPERATIONAL_STATES = ["unknown", "not-present", "down", "lower-layer-down", "testing", "dormant", "up"] as const;
export type OperationalState = (typeof OPERATIONAL_STATES)[number];

export interface Link {
  readonly index: number;
  readonly name: string;
  /** Bits of `LINK_FLAG`. */
  readonly flags: number;
  /** Hardware address; empty for interfaces without one (tunnels). */
  readonly mac: Uint8Array;
  readonly mtu: number;
  /** ARPHRD_ type: 1 is Ethernet, 772 loopback. */
  readonly hardwareType: number;
  readonly operationalState: OperationalState;
  /** `macvlan`, `veth`, `bridge` …; absent for a plain device. */
  readonly kind?: string;
  /** Index of the interface below: of a macvlan's parent, of a veth's peer. */
  readonly parentIndex?: number;
  /** Index of the bridge or bond that it belongs to. */
  readonly masterIndex?: number;
}

/** Up by the operator's will and with a carrier: packets can pass. */
export function isUsable(link: Pick<Link, "flags">): boolean {
  return (link.flags & LINK_FLAG.UP) !== 0 && (link.flags & LINK_FLAG.LOWER_UP) !== 0;
}

function putHeader(writer: NetlinkWriter, index: number, flags: number, changed: number): void {
  writer.u8(0, 0).u16(0).u32(index).u32(flags).u32(changed);
}

/** Asks for all interfaces, without their statistics. */
export function encodeLinkDump(sequence: number): Uint8Array {
  return netlinkRequest(LINK_MESSAGE.GET, NETLINK_FLAG.DUMP, sequence, (writer) => {
    putHeader(writer, 0, 0, 0);
    writer.attributeU32(EXT_MASK, SKIP_STATISTICS);
  });
}

/** Asks for one interface by name or by index. */
export function encodeLinkGet(sequence: number, which: string | number): Uint8Array {
  return netlinkRequest(LINK_MESSAGE.GET, 0, sequence, (writer) => {
    putHeader(writer, typeof which === "number" ? which : 0, 0, 0);
    writer.attributeU32(EXT_MASK, SKIP_STATISTICS);
    if (typeof which === "string") writer.attributeText(IFLA.IFNAME, which);
  });
}

export interface LinkChange {
  readonly up?: boolean;
  readonly mac?: Uint8Array;
  readonly mtu?: number;
  readonly name?: string;
  /** Index of the bridge to join; 0 leaves it. */
  readonly masterIndex?: number;
  /** A descriptor of the network namespace to move to. */
  readonly networkNamespaceFd?: number;
}

export function encodeLinkChange(sequence: number, index: number, change: LinkChange): Uint8Array {
  return netlinkRequest(LINK_MESSAGE.SET, NETLINK_FLAG.ACK, sequence, (writer) => {
    const changed = change.up === undefined ? 0 : LINK_FLAG.UP;
    putHeader(writer, index, change.up === true ? LINK_FLAG.UP : 0, changed);
    if (change.name !== undefined) writer.attributeText(IFLA.IFNAME, change.name);
    if (change.mac !== undefined) writer.attribute(IFLA.ADDRESS, change.mac);
    if (change.mtu !== undefined) writer.attributeU32(IFLA.MTU, change.mtu);
    if (change.masterIndex !== undefined) writer.attributeU32(IFLA.MASTER, change.masterIndex);
    if (change.networkNamespaceFd !== undefined) writer.attributeU32(NET_NS_FD, change.networkNamespaceFd);
  });
}

/** How a macvlan's packets reach other macvlans on the same parent. `private`: not at all, as VRRP wants. */
const MACVLAN_MODES = { private: 1, vepa: 2, bridge: 4 } as const;

export type NewLink = { readonly name: string; readonly mac?: Uint8Array; readonly up?: boolean } & (
  | { readonly kind: "macvlan"; readonly parentIndex: number; readonly mode: keyof typeof MACVLAN_MODES }
  | { readonly kind: "dummy" }
  | { readonly kind: "bridge" }
  | { readonly kind: "veth"; readonly peerName: string }
);

function putKindData(writer: NetlinkWriter, link: NewLink): void {
  switch (link.kind) {
    case "macvlan":
      writer.nested(INFO_DATA, (data) => data.attributeU32(MACVLAN_MODE, MACVLAN_MODES[link.mode]));
      return;
    case "veth":
      writer.nested(INFO_DATA, (data) =>
        data.nested(VETH_PEER, (peer) => {
          // The kernel makes the peer first and can't set it up while it is alone: `up` is for our end.
          putHeader(peer, 0, 0, 0);
          peer.attributeText(IFLA.IFNAME, link.peerName);
        }),
      );
      return;
    case "dummy":
    case "bridge":
      return;
  }
}

/** Makes an interface; refused (EEXIST) when the name is taken. */
export function encodeLinkCreate(sequence: number, link: NewLink): Uint8Array {
  const flags = NETLINK_FLAG.ACK | NETLINK_FLAG.CREATE | NETLINK_FLAG.EXCLUSIVE;
  return netlinkRequest(LINK_MESSAGE.NEW, flags, sequence, (writer) => {
    const up = link.up === true ? LINK_FLAG.UP : 0;
    putHeader(writer, 0, up, up);
    writer.attributeText(IFLA.IFNAME, link.name);
    if (link.mac !== undefined) writer.attribute(IFLA.ADDRESS, link.mac);
    if (link.kind === "macvlan") writer.attributeU32(IFLA.LINK, link.parentIndex);
    writer.nested(IFLA.LINKINFO, (info) => {
      info.attributeText(INFO_KIND, link.kind);
      putKindData(info, link);
    });
  });
}

export function encodeLinkDelete(sequence: number, index: number): Uint8Array {
  return netlinkRequest(LINK_MESSAGE.REMOVED, NETLINK_FLAG.ACK, sequence, (writer) => putHeader(writer, index, 0, 0));
}

function optional(attributes: Attributes): Pick<Link, "kind" | "parentIndex" | "masterIndex"> {
  const info = attributes.get(IFLA.LINKINFO);
  const kind = info === undefined ? undefined : attributeText(readAttributes(info), INFO_KIND);
  const parentIndex = attributeNumber(attributes, IFLA.LINK);
  const masterIndex = attributeNumber(attributes, IFLA.MASTER);
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(parentIndex === undefined ? {} : { parentIndex }),
    ...(masterIndex === undefined ? {} : { masterIndex }),
  };
}

/** Reads a message about an interface; nothing when it is of another family, too short or nameless. Never throws. */
export function decodeLink(message: Pick<NetlinkMessage, "body">): Link | undefined {
  const { body } = message;
  if (body.byteLength < HEADER_BYTES) return undefined;
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const attributes = readAttributes(body.subarray(HEADER_BYTES));
  const name = attributeText(attributes, IFLA.IFNAME);
  // Other families speak of a role of the interface: a bridge port that leaves is "removed" as such.
  if (name === undefined || body[0] !== 0) return undefined;
  return {
    index: view.getInt32(4, true),
    name,
    flags: view.getUint32(8, true),
    mac: (attributes.get(IFLA.ADDRESS) ?? new Uint8Array(0)).slice(),
    mtu: attributeNumber(attributes, IFLA.MTU) ?? 0,
    hardwareType: view.getUint16(2, true),
    operationalState: OPERATIONAL_STATES[attributeNumber(attributes, IFLA.OPERSTATE) ?? 0] ?? "unknown",
    ...optional(attributes),
  };
}
