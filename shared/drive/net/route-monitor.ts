/** Changes of interfaces, addresses, routes and rules as they happen: the multicast groups of rtnetlink(7). */
import { EAGAIN, EINTR, ENOBUFS } from "../ffi/errno.ts";
import { check } from "../ffi/libc.ts";
import { ADDRESS_MESSAGE, type AddressEntry, decodeAddress } from "./address-codec.ts";
import { accept, attachFilter, drop, jumpEqual, loadHalf } from "./bpf.ts";
import { decodeLink, type Link, LINK_MESSAGE } from "./link-codec.ts";
import type { NetlinkMessage } from "./netlink-message.ts";
import { NetlinkSocket } from "./netlink-socket.ts";
import { decodeRoute, type Route, ROUTE_MESSAGE } from "./route-codec.ts";
import { decodeRule, type Rule, RULE_MESSAGE } from "./rule-codec.ts";

export type RouteEvent =
  /** New, or changed in any way (up, down, carrier, name, MAC). */
  | { readonly kind: "link"; readonly link: Link }
  | { readonly kind: "link-removed"; readonly link: Link }
  /** New, or with new lifetimes or flags. */
  | { readonly kind: "address"; readonly address: AddressEntry }
  | { readonly kind: "address-removed"; readonly address: AddressEntry }
  | { readonly kind: "route"; readonly route: Route }
  | { readonly kind: "route-removed"; readonly route: Route }
  | { readonly kind: "rule"; readonly rule: Rule }
  | { readonly kind: "rule-removed"; readonly rule: Rule }
  /** The kernel dropped events because they weren't read fast enough: read the tables anew. */
  | { readonly kind: "overrun" };

/** RTMGRP_ masks by what they tell of, IPv4 and IPv6 together. */
const GROUPS = {
  link: 0x1,
  address: 0x10 | 0x100,
  /** Not of new ones and renewed lifetimes: the kernel keeps those to itself. */
  "address-removed": 0x10 | 0x100,
  route: 0x40 | 0x400,
  rule: 0x80 | (1 << 18),
} as const;
export type RouteTopic = keyof typeof GROUPS;

/** Where a message has its type. It is in the machine's (little-endian) order, and filters read the network's. */
const TYPE_AT = 4;
const NEW_ADDRESS_SWAPPED = ADDRESS_MESSAGE.NEW << 8;

/** Datagrams taken in one `read`, so that a storm of changes can't starve the caller's deadlines. */
export const DATAGRAMS_PER_READ = 64;

export class RouteMonitor {
  readonly #socket: NetlinkSocket;
  private constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /** Hears the calling thread's network namespace. Throws `SystemError`. */
  static open(topics: readonly RouteTopic[], options: { readonly receiveBufferBytes?: number } = {}): RouteMonitor {
    let groups = 0;
    for (const topic of topics) groups |= GROUPS[topic];
    const socket = NetlinkSocket.open({ ...options, groups });
    if (topics.includes("address-removed") && !topics.includes("address")) {
      attachFilter(socket.fd, [loadHalf(TYPE_AT), jumpEqual(NEW_ADDRESS_SWAPPED, 0, 1), drop, accept]);
    }
    return new RouteMonitor(socket);
  }

  /** Readable when there are events. Non-blocking. */
  get fd(): number {
    return this.#socket.fd;
  }

  close(): void {
    this.#socket.close();
  }

  /** The events that wait, at most those of `DATAGRAMS_PER_READ` datagrams; never blocks. Throws `SystemError`. */
  read(): RouteEvent[] {
    const events: RouteEvent[] = [];
    for (let count = 0; count < DATAGRAMS_PER_READ; count += 1) {
      const messages = this.#socket.receive();
      if (typeof messages !== "number") {
        for (const message of messages) {
          const event = decodeRouteEvent(message);
          if (event !== undefined) events.push(event);
        }
      } else if (messages === -ENOBUFS) events.push({ kind: "overrun" });
      else if (messages === -EAGAIN) break;
      else if (messages !== -EINTR) check(messages, "recvmsg", "netlink events");
    }
    return events;
  }
}

/** What a message of these groups tells; nothing for those that aren't of interest. Never throws. */
export function decodeRouteEvent(message: NetlinkMessage): RouteEvent | undefined {
  switch (message.type) {
    case LINK_MESSAGE.NEW:
    case LINK_MESSAGE.REMOVED: {
      const link = decodeLink(message);
      if (link === undefined) return undefined;
      return { kind: message.type === LINK_MESSAGE.NEW ? "link" : "link-removed", link };
    }
    case ADDRESS_MESSAGE.NEW:
    case ADDRESS_MESSAGE.REMOVED: {
      const address = decodeAddress(message);
      if (address === undefined) return undefined;
      return { kind: message.type === ADDRESS_MESSAGE.NEW ? "address" : "address-removed", address };
    }
    case ROUTE_MESSAGE.NEW:
    case ROUTE_MESSAGE.REMOVED: {
      const route = decodeRoute(message);
      if (route === undefined) return undefined;
      return { kind: message.type === ROUTE_MESSAGE.NEW ? "route" : "route-removed", route };
    }
    case RULE_MESSAGE.NEW:
    case RULE_MESSAGE.REMOVED: {
      const rule = decodeRule(message);
      if (rule === undefined) return undefined;
      return { kind: message.type === RULE_MESSAGE.NEW ? "rule" : "rule-removed", rule };
    }
    default:
      return undefined;
  }
}
