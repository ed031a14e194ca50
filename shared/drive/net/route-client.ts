/**
 * Interfaces, addresses, routes and rules of this network namespace, through rtnetlink(7).
 * Every call blocks for the microseconds that the kernel takes; none waits for the network.
 * What the kernel refuses is a value (`NetlinkAnswer`), with its errno and its own words.
 */
import { EINTR, ENOBUFS, ENODEV } from "../ffi/errno.ts";
import {
  type AddressEntry,
  type AddressSpec,
  decodeAddress,
  encodeAddressAdd,
  encodeAddressDelete,
  encodeAddressDump,
} from "./address-codec.ts";
import {
  decodeLink,
  encodeLinkChange,
  encodeLinkCreate,
  encodeLinkDelete,
  encodeLinkDump,
  encodeLinkGet,
  type Link,
  type LinkChange,
  type NewLink,
} from "./link-codec.ts";
import type { NetlinkMessage } from "./netlink-message.ts";
import { type NetlinkAnswer, type NetlinkFailure, NetlinkSocket, refused } from "./netlink-socket.ts";
import { decodeRoute, encodeRouteAdd, encodeRouteDelete, encodeRouteDump, type Route } from "./route-codec.ts";
import { decodeRule, encodeRuleAdd, encodeRuleDelete, encodeRuleDump, type Rule } from "./rule-codec.ts";

/** A dump that keeps changing under the reader is asked for this often. */
export const DUMP_ATTEMPTS = 5;
/** Requests sent in one datagram: their answers must fit the receive buffer together. */
export const BATCH_REQUESTS = 64;
/** The kernel's IFNAMSIZ without the final zero. */
export const INTERFACE_NAME_LIMIT_BYTES = 15;

/** Requests that only answer when they fail; those that want an answer count from 1. */
const UNANSWERED = 0;

export type Done = NetlinkAnswer<null>;

/** One change of an address, for `changeAddresses`. */
export type AddressChange =
  | { readonly kind: "add" | "replace"; readonly spec: AddressSpec }
  | { readonly kind: "delete"; readonly spec: AddressSpec };

export class RouteClient {
  readonly #socket: NetlinkSocket;
  #sequence = 0;

  private constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /** Opens a socket in the calling thread's network namespace and stays in it. Throws `SystemError`. */
  static open(): RouteClient {
    return new RouteClient(NetlinkSocket.open());
  }

  close(): void {
    this.#socket.close();
  }

  #next(): number {
    this.#sequence = this.#sequence >= 0x7fffffff ? 1 : this.#sequence + 1;
    return this.#sequence;
  }

  #do(encode: (sequence: number) => Uint8Array): Done {
    const answer = this.#socket.exchange(encode(this.#next()));
    return answer.ok ? { ok: true, value: null } : answer;
  }

  /** Reads a whole table; asks again while it changes under the reading. */
  #dump<Value>(
    encode: (sequence: number) => Uint8Array,
    decode: (message: NetlinkMessage) => Value | undefined,
  ): NetlinkAnswer<readonly Value[]> {
    let last: NetlinkAnswer<readonly Value[]> = refused(EINTR);
    for (let attempt = 0; attempt < DUMP_ATTEMPTS; attempt += 1) {
      const answer = this.#socket.exchange(encode(this.#next()));
      if (answer.ok) {
        return { ok: true, value: answer.value.map(decode).filter((value) => value !== undefined) };
      }
      last = answer;
      if (answer.failure.errno !== EINTR && answer.failure.errno !== ENOBUFS) return answer;
    }
    return last;
  }

  links(): NetlinkAnswer<readonly Link[]> {
    return this.#dump(encodeLinkDump, decodeLink);
  }

  /** One interface by name or index; ENODEV when there is none such. */
  link(which: string | number): NetlinkAnswer<Link> {
    if (typeof which === "string" && !isInterfaceName(which)) return refused(ENODEV);
    const answer = this.#socket.exchange(encodeLinkGet(this.#next(), which));
    if (!answer.ok) return answer;
    const [message] = answer.value;
    const link = message === undefined ? undefined : decodeLink(message);
    return link === undefined ? refused(ENODEV) : { ok: true, value: link };
  }

  changeLink(index: number, change: LinkChange): Done {
    return this.#do((sequence) => encodeLinkChange(sequence, index, change));
  }

  createLink(link: NewLink): Done {
    if (!isInterfaceName(link.name)) throw new Error(`'${link.name}' can't be an interface's name`);
    return this.#do((sequence) => encodeLinkCreate(sequence, link));
  }

  deleteLink(index: number): Done {
    return this.#do((sequence) => encodeLinkDelete(sequence, index));
  }

  /** All addresses, or those of one interface. */
  addresses(filter: { readonly interfaceIndex?: number } = {}): NetlinkAnswer<readonly AddressEntry[]> {
    const { interfaceIndex } = filter;
    return this.#dump(
      (sequence) => encodeAddressDump(sequence, "both", interfaceIndex ?? 0),
      (message) => {
        const entry = decodeAddress(message);
        return interfaceIndex === undefined || entry?.interfaceIndex === interfaceIndex ? entry : undefined;
      },
    );
  }

  /** EEXIST when the interface has the address already. */
  addAddress(spec: AddressSpec): Done {
    return this.#do((sequence) => encodeAddressAdd(sequence, spec, false));
  }

  /** Adds the address, or renews its lifetimes and flags. */
  replaceAddress(spec: AddressSpec): Done {
    return this.#do((sequence) => encodeAddressAdd(sequence, spec, true));
  }

  /** EADDRNOTAVAIL when it isn't there. Only address, prefix length and interface (and a label given) count. */
  deleteAddress(spec: AddressSpec): Done {
    return this.#do((sequence) => encodeAddressDelete(sequence, spec));
  }

  /** Many changes in few system calls; one answer each, in the same order. */
  changeAddresses(changes: readonly AddressChange[]): readonly Done[] {
    const answers: Done[] = [];
    for (let from = 0; from < changes.length; from += BATCH_REQUESTS) {
      const sequences: number[] = [];
      const requests = changes.slice(from, from + BATCH_REQUESTS).map((change) => {
        const sequence = this.#next();
        sequences.push(sequence);
        if (change.kind === "delete") return encodeAddressDelete(sequence, change.spec);
        return encodeAddressAdd(sequence, change.spec, change.kind === "replace");
      });
      answers.push(...this.#socket.exchangeAll(Buffer.concat(requests), sequences));
    }
    return answers;
  }

  /**
   * Renews the lifetimes of many addresses with one answer for each `BATCH_REQUESTS` of them: the requests are made
   * once, with `renewalOf`. An address that is gone comes back.
   * @returns the first failure, if any
   */
  renewAddresses(renewals: readonly Uint8Array[]): NetlinkFailure | undefined {
    let failure: NetlinkFailure | undefined;
    for (let from = 0; from < renewals.length; from += BATCH_REQUESTS) {
      const part = renewals.slice(from, from + BATCH_REQUESTS);
      const answer = this.#socket.exchangeLast(part, this.#next());
      if (!answer.ok) failure ??= answer.failure;
    }
    return failure;
  }

  routes(family: 4 | 6): NetlinkAnswer<readonly Route[]> {
    return this.#dump((sequence) => encodeRouteDump(sequence, family), decodeRoute);
  }

  addRoute(route: Route): Done {
    return this.#do((sequence) => encodeRouteAdd(sequence, route, false));
  }

  replaceRoute(route: Route): Done {
    return this.#do((sequence) => encodeRouteAdd(sequence, route, true));
  }

  /** ESRCH when there is none such. */
  deleteRoute(route: Route): Done {
    return this.#do((sequence) => encodeRouteDelete(sequence, route));
  }

  rules(family: 4 | 6): NetlinkAnswer<readonly Rule[]> {
    return this.#dump((sequence) => encodeRuleDump(sequence, family), decodeRule);
  }

  addRule(rule: Rule): Done {
    return this.#do((sequence) => encodeRuleAdd(sequence, rule));
  }

  /** ENOENT when there is none such. */
  deleteRule(rule: Rule): Done {
    return this.#do((sequence) => encodeRuleDelete(sequence, rule));
  }
}

/** The request that renews an address, for `renewAddresses`. */
export function renewalOf(spec: AddressSpec): Uint8Array {
  return encodeAddressAdd(UNANSWERED, spec, true);
}

/** What the kernel takes as an interface's name: 1 to 15 bytes, no `/`, no white space, not `.` or `..`. */
export function isInterfaceName(name: string): boolean {
  const bytes = new TextEncoder().encode(name).byteLength;
  return bytes >= 1 && bytes <= INTERFACE_NAME_LIMIT_BYTES && /^(?!\.{1,2}$)[^\s/:\0]+$/.test(name);
}
