/** One CARP group's hold on the world: its packets, its addresses, its announcements. Belongs to the deadline thread. */
import { randomBytes } from "node:crypto";
import { EEXIST } from "../../../../shared/drive/ffi/errno.ts";
import type { AddressSpec } from "../../../../shared/drive/net/address-codec.ts";
import { encodeAnnouncement } from "../../../../shared/drive/net/announce.ts";
import type { Link } from "../../../../shared/drive/net/link-codec.ts";
import { openVrrpSocket, type RawIpSocket, VRRP_GROUP_IPV4 } from "../../../../shared/drive/net/raw-ip-socket.ts";
import { renewalOf } from "../../../../shared/drive/net/route-client.ts";
import { formatAddress, type IpAddress, sameAddress } from "../../../../shared/text/address.ts";
import { type CarpRank, type CarpSettings, MAX_CARP_PASSWORD_BYTES } from "../../model/carp/carp.ts";
import { ADDRESS_LIFETIME_S } from "../../model/router.ts";
import type { Network, Refusal } from "../router-port.ts";
import { type CarpKey, carpGroup, carpKey, type DecodedCarp, decodeCarp, encodeCarp } from "./carp-codec.ts";
import { readPasswordFile } from "./password-file.ts";

export interface HeardCarp {
  readonly from: IpAddress;
  readonly decoded: DecodedCarp;
}

export class CarpPort {
  /** Counted up with each packet. It begins at random, so that a restart doesn't use a counter twice. */
  #counter = randomBytes(8).readBigUInt64BE() >> 1n;
  readonly #frames: readonly Uint8Array[];
  readonly #specs: readonly AddressSpec[];
  readonly #renewals: readonly Uint8Array[];

  private constructor(
    private readonly network: Network,
    readonly link: Link,
    /** Our own address in packets; ties are broken by it. */
    readonly own: IpAddress,
    private readonly key: CarpKey,
    private readonly socket: RawIpSocket,
    settings: CarpSettings,
  ) {
    this.#specs = settings.addresses.map(({ address, prefixLength }) => ({
      interfaceIndex: link.index,
      address,
      prefixLength,
      validSeconds: ADDRESS_LIFETIME_S,
      preferredSeconds: ADDRESS_LIFETIME_S,
    }));
    this.#renewals = this.#specs.map(renewalOf);
    this.#frames = this.#specs.flatMap(({ address }) => encodeAnnouncement(link.mac, address.bytes));
  }

  /**
   * @returns the port, or what is missing in words: the interface, an address to speak from, the password
   * @throws SystemError when the system refuses raw sockets
   */
  static open(settings: CarpSettings, network: Network): CarpPort | string {
    const { addresses, device, passwordFile, vhid } = settings;
    const link = network.routes.link(device);
    if (!link.ok) return `${device}: ${link.failure.name}`;
    const password = readPasswordFile(passwordFile, MAX_CARP_PASSWORD_BYTES);
    if (typeof password === "string") return password;
    const own = settings.source ?? ownAddress(settings, network, link.value.index);
    if (own === undefined) return `${device} has no IPv4 address to speak from`;
    const key = carpKey(
      vhid,
      password,
      addresses.map((one) => one.address),
    );
    const socket = openVrrpSocket({ family: 4, device: { name: device, index: link.value.index } });
    return new CarpPort(network, link.value, own, key, socket, settings);
  }

  get fd(): number {
    return this.socket.fd;
  }

  /** Sends one advert. @returns 0 or -errno */
  advertise(rank: CarpRank): number {
    this.#counter = BigInt.asUintN(64, this.#counter + 1n);
    const bytes = encodeCarp(this.key, { ...rank, counter: this.#counter });
    return this.socket.send(bytes, this.own.bytes, VRRP_GROUP_IPV4);
  }

  /** The next packet for this group, undefined when none waits; others' are skipped as `null`. */
  receive(): HeardCarp | null | undefined {
    const packet = this.socket.receive();
    if (typeof packet === "number") return undefined;
    const from: IpAddress = { family: 4, bytes: packet.source.slice() };
    if (carpGroup(packet.payload) !== this.key.vhid || sameAddress(from, this.own)) return null;
    return { from, decoded: decodeCarp(this.key, packet.payload, packet.hopLimit) };
  }

  /** @returns what the kernel refused */
  take(): Refusal[] {
    const answers = this.network.routes.changeAddresses(this.#specs.map((spec) => ({ kind: "replace", spec })));
    return answers.flatMap((answer, index) => {
      const spec = this.#specs[index];
      if (answer.ok || spec === undefined || answer.failure.errno === EEXIST) return [];
      return [{ what: formatAddress(spec.address), detail: answer.failure.name }];
    });
  }

  renew(): void {
    this.network.routes.renewAddresses(this.#renewals);
  }

  drop(): void {
    this.network.routes.changeAddresses(this.#specs.map((spec) => ({ kind: "delete", spec })));
  }

  /** Removes the addresses that another port for the same group doesn't have. */
  dropAllBut(other: CarpPort): void {
    const gone = this.#specs.filter((spec) => !other.isOurs(spec.interfaceIndex, spec.address));
    this.network.routes.changeAddresses(gone.map((spec) => ({ kind: "delete", spec })));
  }

  announce(count: number): void {
    for (let round = 0; round < count; round += 1) {
      for (const frame of this.#frames) this.network.packets.send(this.link.index, frame);
    }
  }

  isOurs(interfaceIndex: number, address: IpAddress): boolean {
    return this.link.index === interfaceIndex && this.#specs.some((spec) => sameAddress(spec.address, address));
  }

  close(): void {
    this.socket.close();
  }
}

/** The interface's first IPv4 address that isn't one of those that move; those of other groups have a short lifetime. */
function ownAddress(settings: CarpSettings, { routes }: Network, interfaceIndex: number): IpAddress | undefined {
  const listed = routes.addresses({ interfaceIndex });
  if (!listed.ok) return undefined;
  const own = listed.value.filter(
    (entry) => entry.address.family === 4 && !settings.addresses.some((one) => sameAddress(one.address, entry.address)),
  );
  return own.toSorted((left, right) => Number(left.validSeconds <= 2) - Number(right.validSeconds <= 2))[0]?.address;
}
