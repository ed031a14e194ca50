/** Routes in rtnetlink's layout, rtnetlink(7), ip-route(8): struct rtmsg and RTA_ attributes. Pure. */
import type { IpAddress } from "../../text/address.ts";
import type { IpPrefix } from "../../text/prefix.ts";
import { addressOf, FAMILY_OF, familyOf, nameOf, present } from "./codec-common.ts";
import {
  type Attributes,
  attributeNumber,
  NETLINK_FLAG,
  type NetlinkMessage,
  type NetlinkWriter,
  netlinkRequest,
  readAttributes,
} from "./netlink-message.ts";

export const ROUTE_MESSAGE = { NEW: 24, REMOVED: 25, GET: 26 } as const;

/** Routing tables with a fixed number. */
export const ROUTE_TABLE = { default: 253, main: 254, local: 255 } as const;
/** Who made a route, rtnetlink(7). */
export const ROUTE_PROTOCOL = { kernel: 2, boot: 3, static: 4, keepalived: 18 } as const;

export const ROUTE_KINDS = {
  unicast: 1,
  local: 2,
  broadcast: 3,
  multicast: 5,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
  throw: 9,
} as const;
export type RouteKind = keyof typeof ROUTE_KINDS;

export const ROUTE_SCOPES = { universe: 0, site: 200, link: 253, host: 254, nowhere: 255 } as const;
export type RouteScope = keyof typeof ROUTE_SCOPES;

const RTA = {
  DST: 1,
  OIF: 4,
  GATEWAY: 5,
  PRIORITY: 6,
  PREFSRC: 7,
  METRICS: 8,
  MULTIPATH: 9,
  TABLE: 15,
  VIA: 18,
} as const;
const RTAX_MTU = 2;
const RTAX_ADVMSS = 8;
const ON_LINK = 4;
const HEADER_BYTES = 12;

/** One way of a route with several. */
export interface NextHop {
  readonly gateway?: IpAddress;
  readonly interfaceIndex?: number;
  /** 1 to 256. */
  readonly weight?: number;
  readonly onLink?: boolean;
}

export interface Route {
  readonly family: 4 | 6;
  /** Absent: the default route. */
  readonly destination?: IpPrefix;
  readonly gateway?: IpAddress;
  readonly interfaceIndex?: number;
  /** The address that packets of this route get as their source. */
  readonly preferredSource?: IpAddress;
  /** Routes are tried by rising metric. */
  readonly metric?: number;
  /** Defaults to `main`. */
  readonly table?: number;
  readonly kind?: RouteKind;
  readonly scope?: RouteScope;
  readonly protocol?: number;
  /** The gateway is reachable on the interface although no network says so. */
  readonly onLink?: boolean;
  readonly mtu?: number;
  readonly advertisedSegmentSize?: number;
  /** Instead of `gateway` and `interfaceIndex`. */
  readonly nextHops?: readonly NextHop[];
}

/** The scope that ip-route(8) would choose: unreachable kinds and gateways are universal, the rest on-link. */
function scopeOf(route: Route): number {
  if (route.scope !== undefined) return ROUTE_SCOPES[route.scope];
  if (route.family === 6) return ROUTE_SCOPES.universe;
  const kind = route.kind ?? "unicast";
  if (kind === "local") return ROUTE_SCOPES.host;
  const direct = route.gateway === undefined && route.nextHops === undefined;
  return direct && (kind === "unicast" || kind === "broadcast" || kind === "multicast")
    ? ROUTE_SCOPES.link
    : ROUTE_SCOPES.universe;
}

function putGateway(writer: NetlinkWriter, family: 4 | 6, gateway: IpAddress): void {
  if (gateway.family === family) writer.attribute(RTA.GATEWAY, gateway.bytes);
  // RFC 8950: an IPv4 route through an IPv6 neighbour.
  else writer.attribute(RTA.VIA, new Uint8Array([FAMILY_OF[gateway.family], 0, ...gateway.bytes]));
}

function putNextHops(writer: NetlinkWriter, route: Route, hops: readonly NextHop[]): void {
  writer.attribute(RTA.MULTIPATH, encodeNextHops(route.family, hops));
}

/** struct rtnexthop: length, flags, weight-1, interface index, then attributes. */
function encodeNextHops(family: 4 | 6, hops: readonly NextHop[]): Uint8Array {
  const parts: number[] = [];
  for (const hop of hops) {
    const weight = hop.weight ?? 1;
    if (!(weight >= 1 && weight <= 256)) throw new Error(`next hop of weight ${weight}: 1 to 256`);
    const gateway = hop.gateway?.bytes ?? new Uint8Array(0);
    if (hop.gateway !== undefined && hop.gateway.family !== family) throw new Error("next hop of another family");
    const length = 8 + (gateway.byteLength === 0 ? 0 : 4 + gateway.byteLength);
    const index = hop.interfaceIndex ?? 0;
    parts.push(length & 255, length >> 8, hop.onLink === true ? ON_LINK : 0, weight - 1);
    parts.push(index & 255, (index >> 8) & 255, (index >> 16) & 255, (index >> 24) & 255);
    if (gateway.byteLength > 0) parts.push(4 + gateway.byteLength, 0, RTA.GATEWAY, 0, ...gateway);
  }
  return new Uint8Array(parts);
}

function putRoute(writer: NetlinkWriter, route: Route): void {
  const table = route.table ?? ROUTE_TABLE.main;
  writer
    .u8(FAMILY_OF[route.family], route.destination?.length ?? 0, 0, 0)
    .u8(table < 256 ? table : 0, route.protocol ?? ROUTE_PROTOCOL.static, scopeOf(route))
    .u8(ROUTE_KINDS[route.kind ?? "unicast"])
    .u32(route.onLink === true ? ON_LINK : 0);
  if (route.destination !== undefined) writer.attribute(RTA.DST, route.destination.address.bytes);
  if (route.gateway !== undefined) putGateway(writer, route.family, route.gateway);
  if (route.interfaceIndex !== undefined) writer.attributeU32(RTA.OIF, route.interfaceIndex);
  if (route.preferredSource !== undefined) writer.attribute(RTA.PREFSRC, route.preferredSource.bytes);
  if (route.metric !== undefined) writer.attributeU32(RTA.PRIORITY, route.metric);
  if (table >= 256) writer.attributeU32(RTA.TABLE, table);
  if (route.nextHops !== undefined) putNextHops(writer, route, route.nextHops);
  if (route.mtu !== undefined || route.advertisedSegmentSize !== undefined) {
    writer.nested(RTA.METRICS, (metrics) => {
      if (route.mtu !== undefined) metrics.attributeU32(RTAX_MTU, route.mtu);
      if (route.advertisedSegmentSize !== undefined) metrics.attributeU32(RTAX_ADVMSS, route.advertisedSegmentSize);
    });
  }
}

/** Adds a route: EEXIST when there is one, or with `replace` in its place. */
export function encodeRouteAdd(sequence: number, route: Route, replace: boolean): Uint8Array {
  const how = NETLINK_FLAG.CREATE | (replace ? NETLINK_FLAG.REPLACE : NETLINK_FLAG.EXCLUSIVE);
  return netlinkRequest(ROUTE_MESSAGE.NEW, NETLINK_FLAG.ACK | how, sequence, (writer) => putRoute(writer, route));
}

/** Removes a route; ESRCH when there is none such. Absent fields match anything. */
export function encodeRouteDelete(sequence: number, route: Route): Uint8Array {
  const loose = { ...route, scope: route.scope ?? "nowhere", protocol: route.protocol ?? 0 } as const;
  return netlinkRequest(ROUTE_MESSAGE.REMOVED, NETLINK_FLAG.ACK, sequence, (writer) => putRoute(writer, loose));
}

/** Asks for the routes of one family, of all tables. */
export function encodeRouteDump(sequence: number, family: 4 | 6): Uint8Array {
  return netlinkRequest(ROUTE_MESSAGE.GET, NETLINK_FLAG.DUMP, sequence, (writer) =>
    writer.u8(FAMILY_OF[family], 0, 0, 0, 0, 0, 0, 0).u32(0),
  );
}

function gatewayOf(family: 4 | 6, attributes: Attributes): IpAddress | undefined {
  const via = attributes.get(RTA.VIA);
  if (via !== undefined && via.byteLength > 2) {
    return via[0] === FAMILY_OF[6] ? addressOf(6, via.subarray(2)) : addressOf(4, via.subarray(2));
  }
  return addressOf(family, attributes.get(RTA.GATEWAY));
}

function readNextHops(family: 4 | 6, bytes: Uint8Array): NextHop[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const hops: NextHop[] = [];
  let at = 0;
  while (at + 8 <= bytes.byteLength) {
    const length = view.getUint16(at, true);
    if (length < 8 || at + length > bytes.byteLength) break;
    const gateway = gatewayOf(family, readAttributes(bytes.subarray(at + 8, at + length)));
    hops.push({
      interfaceIndex: view.getInt32(at + 4, true),
      weight: view.getUint8(at + 3) + 1,
      ...((view.getUint8(at + 2) & ON_LINK) === 0 ? {} : { onLink: true }),
      ...(gateway === undefined ? {} : { gateway }),
    });
    at += (length + 3) & ~3;
  }
  return hops;
}

/** Reads a message about a route; nothing for other families and for broken ones. Never throws. */
export function decodeRoute(message: Pick<NetlinkMessage, "body">): Route | undefined {
  const { body } = message;
  if (body.byteLength < HEADER_BYTES) return undefined;
  const family = familyOf(body[0]);
  if (family === undefined) return undefined;
  const attributes = readAttributes(body.subarray(HEADER_BYTES));
  const to = addressOf(family, attributes.get(RTA.DST));
  const hops = attributes.get(RTA.MULTIPATH);
  const metrics = readAttributes(attributes.get(RTA.METRICS) ?? new Uint8Array(0));
  return {
    family,
    ...present("destination", to === undefined ? undefined : { address: to, length: body[1] ?? 0 }),
    ...present("gateway", gatewayOf(family, attributes)),
    ...present("interfaceIndex", attributeNumber(attributes, RTA.OIF)),
    ...present("preferredSource", addressOf(family, attributes.get(RTA.PREFSRC))),
    ...present("metric", attributeNumber(attributes, RTA.PRIORITY)),
    table: attributeNumber(attributes, RTA.TABLE) ?? body[4] ?? 0,
    protocol: body[5] ?? 0,
    ...present("scope", nameOf(ROUTE_SCOPES, body[6] ?? 0)),
    ...present("kind", nameOf(ROUTE_KINDS, body[7] ?? 0)),
    ...present("mtu", attributeNumber(metrics, RTAX_MTU)),
    ...present("advertisedSegmentSize", attributeNumber(metrics, RTAX_ADVMSS)),
    ...((body[8] ?? 0) & ON_LINK ? { onLink: true } : {}),
    ...present("nextHops", hops === undefined ? undefined : readNextHops(family, hops)),
  };
}
