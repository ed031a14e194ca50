/**
 * One virtual router's hold on the world: its raw socket, its addresses on the interface, its announcements.
 * Belongs to the deadline thread; no call waits for anything.
 */
import { ENODEV } from "../../../shared/drive/ffi/errno.ts";
import { encodeAnnouncement } from "../../../shared/drive/net/announce.ts";
import type { AddressSpec } from "../../../shared/drive/net/address-codec.ts";
import type { Link } from "../../../shared/drive/net/link-codec.ts";
import type { PacketSocket } from "../../../shared/drive/net/packet-socket.ts";
import {
  openVrrpSocket,
  type RawIpSocket,
  VRRP_GROUP_IPV4,
  VRRP_GROUP_IPV6,
} from "../../../shared/drive/net/raw-ip-socket.ts";
import type { RouteClient } from "../../../shared/drive/net/route-client.ts";
import { type IpAddress, isLinkLocal, sameAddress } from "../../../shared/text/address.ts";
import { ADDRESS_LIFETIME_S, type RouterSettings, type VirtualAddress } from "../model/router.ts";
import { type Decoded, decodeAdvert, encodeAdvert } from "./packet.ts";

/** Shared by all routers of the thread. */
export interface Network {
  readonly routes: RouteClient;
  readonly packets: PacketSocket;
}

export type Received =
  { readonly kind: "none" } | { readonly kind: "advert"; readonly from: IpAddress; readonly decoded: Decoded };

export class RouterPort {
  readonly #settings: RouterSettings;
  readonly #network: Network;
  readonly #socket: RawIpSocket;
  readonly #link: Link;
  readonly #group: IpAddress;
  /** Our own address in adverts; ties are broken by it. */
  readonly own: IpAddress;

  private constructor(settings: RouterSettings, network: Network, link: Link, own: IpAddress) {
    this.#settings = settings;
    this.#network = network;
    this.#link = link;
    this.own = own;
    this.#group = { family: settings.family, bytes: settings.family === 4 ? VRRP_GROUP_IPV4 : VRRP_GROUP_IPV6 };
    this.#socket = openVrrpSocket({ family: settings.family, device: { name: link.name, index: link.index } });
  }

  /**
   * Opens the socket on the router's interface.
   * @returns the port, or what is missing in words: the interface, or an address on it to speak from
   * @throws SystemError when the system refuses raw sockets
   */
  static open(settings: RouterSettings, network: Network): RouterPort | string {
    const found = network.routes.link(settings.device);
    if (!found.ok) {
      return found.failure.errno === ENODEV ? `there is no interface ${settings.device}` : found.failure.name;
    }
    const own = settings.source ?? primaryAddress(settings, network, found.value.index);
    if (own === undefined) return `${settings.device} has no IPv${settings.family} address to speak from`;
    return new RouterPort(settings, network, found.value, own);
  }

  get fd(): number {
    return this.#socket.fd;
  }

  get deviceIndex(): number {
    return this.#link.index;
  }

  /** The next advert for any router on this link; those for others are the caller's to ignore. */
  receive(): Received {
    const packet = this.#socket.receive();
    if (typeof packet === "number") return { kind: "none" };
    const { family } = this.#settings;
    const from: IpAddress = { family, bytes: packet.source.slice() };
    const arrival = { source: from, destination: { family, bytes: packet.destination }, ttl: packet.hopLimit };
    return { kind: "advert", from, decoded: decodeAdvert(packet.payload, arrival) };
  }

  /** Sends one advert, to the group or to every peer. @returns 0, or the last -errno */
  advertise(priority: number): number {
    const { addresses, intervalMs, password, peers, version, vrid } = this.#settings;
    const advert = {
      version,
      vrid,
      priority,
      intervalMs,
      addresses: addresses.map((one) => one.address),
      ...(password === undefined ? {} : { password }),
    };
    let result = 0;
    for (const destination of peers.length > 0 ? peers : [this.#group]) {
      const sent = this.#socket.send(encodeAdvert(advert, this.own, destination), this.own.bytes, destination.bytes);
      if (sent < 0) result = sent;
    }
    return result;
  }

  /** Installs the addresses, or renews their lifetime. @returns what the kernel refused, in words */
  holdAddresses(): string[] {
    return this.#changeAll("replace");
  }

  dropAddresses(): void {
    this.#changeAll("delete");
  }

  /** Tells the neighbours where the addresses are. */
  announce(count: number): void {
    for (let round = 0; round < count; round += 1) {
      for (const { address } of this.#all()) {
        for (const frame of encodeAnnouncement(this.#link.mac, address.bytes)) {
          this.#network.packets.send(this.#link.index, frame);
        }
      }
    }
  }

  close(): void {
    this.#socket.close();
  }

  /** Is this one of the addresses that the router moves? */
  isOurs(address: IpAddress): boolean {
    return this.#all().some((one) => sameAddress(one.address, address));
  }

  #all(): readonly VirtualAddress[] {
    return [...this.#settings.addresses, ...this.#settings.excludedAddresses];
  }

  #changeAll(kind: "replace" | "delete"): string[] {
    const changes = this.#all().map((one) => ({ kind, spec: this.#spec(one) }));
    const answers = this.#network.routes.changeAddresses(changes);
    return answers.flatMap((answer) => (answer.ok ? [] : [answer.failure.name]));
  }

  #spec({ address, label, prefixLength }: VirtualAddress): AddressSpec {
    return {
      interfaceIndex: this.#link.index,
      address,
      prefixLength,
      validSeconds: ADDRESS_LIFETIME_S,
      // Never chosen as the source of the host's own connections: it may leave at any moment.
      preferredSeconds: address.family === 6 ? 0 : ADDRESS_LIFETIME_S,
      noDuplicateDetection: true,
      ...(label === undefined ? {} : { label }),
    };
  }
}

/** The interface's own first address: not one of those that move. IPv6 speaks from the link-local one. */
function primaryAddress(settings: RouterSettings, network: Network, interfaceIndex: number): IpAddress | undefined {
  const listed = network.routes.addresses({ interfaceIndex });
  if (!listed.ok) return undefined;
  const moving = [...settings.addresses, ...settings.excludedAddresses];
  return listed.value
    .map((entry) => entry.address)
    .filter((address) => address.family === settings.family && (address.family === 4 || isLinkLocal(address)))
    .find((address) => !moving.some((one) => sameAddress(one.address, address)));
}
