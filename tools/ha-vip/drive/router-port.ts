/**
 * One virtual router's hold on the world: its adverts, its addresses, routes and rules, its announcements.
 * Belongs to the deadline thread; no call waits for anything.
 */
import { EEXIST, ENODEV } from "../../../shared/drive/ffi/errno.ts";
import { errnoName } from "../../../shared/drive/ffi/libc.ts";
import { encodeAnnouncement } from "../../../shared/drive/net/announce.ts";
import type { AddressSpec } from "../../../shared/drive/net/address-codec.ts";
import type { Link } from "../../../shared/drive/net/link-codec.ts";
import type { PacketSocket } from "../../../shared/drive/net/packet-socket.ts";
import { renewalOf, type RouteClient } from "../../../shared/drive/net/route-client.ts";
import { formatAddress, type IpAddress, isLinkLocal, sameAddress } from "../../../shared/text/address.ts";
import type { HandOverMessage } from "../model/hand-over.ts";
import { PRIORITY_STOP } from "../model/packet.ts";
import { ADDRESS_LIFETIME_S, type RouterSettings, type VirtualAddress } from "../model/router.ts";
import { encodeAdvert } from "./packet.ts";
import { addPaths, removePaths } from "./paths.ts";
import type { Speaker, Speakers } from "./speakers.ts";
import { ensureVirtualMac, removeVirtualMac } from "./vmac.ts";

/** Shared by all routers of the thread. */
export interface Network {
  readonly routes: RouteClient;
  readonly packets: PacketSocket;
}

/** What the kernel wouldn't do. */
export interface Refusal {
  readonly what: string;
  readonly detail: string;
}

interface Placed {
  readonly spec: AddressSpec;
  readonly link: Link;
  readonly virtual: VirtualAddress;
}

export class RouterPort {
  readonly #settings: RouterSettings;
  readonly #network: Network;
  readonly #placed: readonly Placed[];
  /** Made once for each priority: one call sends the advert to one destination. */
  readonly #adverts = new Map<number, readonly (() => number)[]>();
  readonly #destinations: readonly IpAddress[];
  readonly #frames: readonly (readonly [number, Uint8Array])[];
  readonly #announceOnce: () => void;
  readonly #renewals: readonly Uint8Array[];

  private constructor(
    settings: RouterSettings,
    network: Network,
    /** The interface that adverts use. */
    readonly link: Link,
    readonly speaker: Speaker,
    /** Our own address in adverts; ties are broken by it. */
    readonly own: IpAddress,
    placed: readonly Placed[],
  ) {
    this.#settings = settings;
    this.#network = network;
    this.#placed = placed;
    this.#destinations = settings.peers.length > 0 ? settings.peers : [speaker.group];
    this.#frames = placed.flatMap(({ link: on, spec }) =>
      encodeAnnouncement(on.mac, spec.address.bytes).map((frame) => [on.index, frame] as const),
    );
    this.#renewals = placed.map(({ spec }) => renewalOf(spec));
    this.#announceOnce = () => {
      for (const [index, frame] of this.#frames) network.packets.send(index, frame);
    };
  }

  /**
   * Opens the sockets on the router's interface and finds the interfaces of its addresses.
   * @returns the port, or what is missing in words: an interface, or an address on it to speak from
   * @throws SystemError when the system refuses raw sockets
   */
  static open(settings: RouterSettings, network: Network, speakers: Speakers): RouterPort | string {
    const { device, family, group, vmac } = settings;
    const found = findLink(network, device);
    if (typeof found === "string") return found;
    const own = settings.source ?? primaryAddress(settings, network, found.index);
    if (own === undefined) return `${device} has no IPv${family} address to speak from`;
    const virtual = vmac === undefined ? undefined : ensureVirtualMac(network.routes, found, vmac);
    if (typeof virtual === "string") return virtual;
    const placed = placeAddresses(settings, network, virtual ?? found);
    if (typeof placed === "string") return placed;
    const speaks = virtual === undefined || vmac?.transmitBase === true ? found : virtual;
    const ttl = settings.peers.length > 0 ? settings.unicastTtl : 255;
    const speaker = speakers.acquire({
      family,
      device: { name: speaks.name, index: speaks.index },
      ...(group === undefined ? {} : { group }),
      ttl,
    });
    return new RouterPort(settings, network, found, speaker, own, placed);
  }

  /** Sends one advert, to the group or to every peer. @returns 0, or the last -errno */
  advertise(priority: number): number {
    let senders = this.#adverts.get(priority);
    if (senders === undefined) {
      senders = this.#destinations.map((destination) =>
        this.speaker.prepareAdvert(this.#encode(priority, destination), this.own, destination),
      );
      // Priorities change rarely; what a check once used stays known.
      this.#adverts.set(priority, senders);
    }
    let result = 0;
    for (const send of senders) {
      const sent = send();
      if (sent < 0) result = sent;
    }
    return result;
  }

  #encode(priority: number, destination: IpAddress): Uint8Array {
    const { addresses, intervalMs, password, version, vrid } = this.#settings;
    const word = password === undefined ? {} : { password };
    const named = addresses.map((one) => one.address);
    return encodeAdvert({ version, vrid, priority, intervalMs, addresses: named, ...word }, this.own, destination);
  }

  /** To one host, or to the group or all peers. */
  sendHandOver(message: HandOverMessage, to?: IpAddress): void {
    for (const destination of to === undefined ? this.#destinations : [to]) {
      this.speaker.sendHandOver(message, this.own, destination);
    }
  }

  /** What keeps the addresses for another lifetime; many routers' requests go out in one call. */
  get renewals(): readonly Uint8Array[] {
    return this.#renewals;
  }

  /** Installs addresses, then routes, then rules. @returns what the kernel refused */
  take(): Refusal[] {
    const refused = this.#change("replace");
    return [...refused, ...addPaths(this.#network.routes, this.#settings)];
  }

  /** Removes rules, routes and addresses. */
  drop(): void {
    removePaths(this.#network.routes, this.#settings);
    this.#change("delete");
  }

  #change(kind: "replace" | "delete"): Refusal[] {
    const answers = this.#network.routes.changeAddresses(this.#placed.map(({ spec }) => ({ kind, spec })));
    if (kind === "delete") return [];
    return answers.flatMap((answer, index) => {
      const placed = this.#placed[index];
      if (answer.ok || placed === undefined || answer.failure.errno === EEXIST) return [];
      return [{ what: formatAddress(placed.spec.address), detail: answer.failure.name }];
    });
  }

  /** Tells the neighbours where the addresses are. */
  announce(count: number): void {
    for (let round = 0; round < count; round += 1) this.#announceOnce();
  }

  /** The addresses to ask the network for before they are taken: on each interface, with its hardware address. */
  probes(): readonly { readonly link: Link; readonly address: IpAddress }[] {
    return this.#placed.map(({ link, spec }) => ({ link, address: spec.address }));
  }

  /** Is this one of the addresses that the router moves, and watches? */
  isOurs(interfaceIndex: number, address: IpAddress): boolean {
    return this.#placed.some(
      ({ link, spec, virtual }) =>
        link.index === interfaceIndex && virtual.untracked !== true && sameAddress(spec.address, address),
    );
  }

  close(speakers: Speakers, options: { readonly last: boolean }): void {
    speakers.release(this.speaker);
    const { vmac } = this.#settings;
    if (options.last && vmac !== undefined) removeVirtualMac(this.#network.routes, vmac);
  }

  /** Priority 0. */
  sayGoodbye(): void {
    this.advertise(PRIORITY_STOP);
  }
}

/** -errno in words. */
export function failureName(result: number): string {
  return errnoName(result);
}

function findLink(network: Network, device: string): Link | string {
  const found = network.routes.link(device);
  if (found.ok) return found.value;
  return found.failure.errno === ENODEV ? `there is no interface ${device}` : found.failure.name;
}

/** Where each address goes: its own interface, or the router's. */
function placeAddresses(settings: RouterSettings, network: Network, usual: Link): readonly Placed[] | string {
  const links = new Map<string, Link>([[usual.name, usual]]);
  const placed: Placed[] = [];
  for (const virtual of [...settings.addresses, ...settings.excludedAddresses]) {
    const name = virtual.device ?? usual.name;
    const link = virtual.device === settings.device ? usual : (links.get(name) ?? findLink(network, name));
    if (typeof link === "string") return link;
    links.set(name, link);
    placed.push({ spec: specOf(virtual, link), link, virtual });
  }
  return placed;
}

function specOf(virtual: VirtualAddress, link: Link): AddressSpec {
  const { address, broadcast, label, noPrefixRoute, peer, preferred, prefixLength, scope } = virtual;
  // IPv6: never chosen as the source of the host's own connections, because it may leave at any moment.
  const deprecated = address.family === 6 && preferred !== true;
  return {
    interfaceIndex: link.index,
    address,
    prefixLength,
    validSeconds: ADDRESS_LIFETIME_S,
    preferredSeconds: deprecated ? 0 : ADDRESS_LIFETIME_S,
    noDuplicateDetection: true,
    ...(label === undefined ? {} : { label }),
    ...(scope === undefined ? {} : { scope }),
    ...(broadcast === undefined ? {} : { broadcast }),
    ...(peer === undefined ? {} : { peer }),
    ...(noPrefixRoute === undefined ? {} : { noPrefixRoute }),
  };
}

/** The interface's own first address: not one of those that move. IPv6 speaks from the link-local one. */
function primaryAddress(settings: RouterSettings, network: Network, interfaceIndex: number): IpAddress | undefined {
  const listed = network.routes.addresses({ interfaceIndex });
  if (!listed.ok) return undefined;
  const moving = [...settings.addresses, ...settings.excludedAddresses];
  const own = listed.value.filter(
    (entry) =>
      entry.address.family === settings.family && !moving.some((one) => sameAddress(one.address, entry.address)),
  );
  // An address with a lifetime may be another router's; the host's own are for ever (or from DHCP, when there is no other).
  const sorted = own.toSorted((left, right) => Number(left.validSeconds <= 2) - Number(right.validSeconds <= 2));
  return sorted.map((entry) => entry.address).find((address) => settings.family === 4 || isLinkLocal(address));
}
