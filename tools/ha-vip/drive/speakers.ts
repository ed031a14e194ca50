/**
 * Sockets of the deadline thread: one for VRRP and one for hand-overs per interface, family and group, shared by all
 * virtual routers there. (One socket per router would make every advert arrive once per router.)
 */
import {
  openRawIpSocket,
  openVrrpSocket,
  type RawIpSocket,
  VRRP_GROUP_IPV4,
  VRRP_GROUP_IPV6,
} from "../../../shared/drive/net/raw-ip-socket.ts";
import { changeMembership, setMulticastSending } from "../../../shared/drive/net/ip-options.ts";
import type { Datagram } from "../../../shared/drive/net/datagram.ts";
import { UdpSocket } from "../../../shared/drive/net/udp-socket.ts";
import { formatAddress, type IpAddress } from "../../../shared/text/address.ts";
import { HAND_OVER_PORT, type HandOverMessage } from "../model/hand-over.ts";
import { VRRP_PROTOCOL } from "../model/packet.ts";
import { decodeHandOver, encodeHandOver } from "./hand-over-codec.ts";
import { type Decoded, decodeAdvert } from "./packet.ts";

const HOP_LIMIT = 255;

export interface SpeakerKey {
  readonly family: 4 | 6;
  readonly device: { readonly name: string; readonly index: number };
  /** Another multicast group than the standard's. */
  readonly group?: IpAddress;
  /** TTL of what is sent. */
  readonly ttl: number;
}

export interface HeardAdvert {
  readonly from: IpAddress;
  readonly ttl: number;
  readonly decoded: Decoded;
}

export interface HeardHandOver {
  readonly from: IpAddress;
  readonly message: HandOverMessage;
}

interface Known {
  readonly heard: HeardAdvert;
  readonly payload: Uint8Array;
  readonly destination: Uint8Array;
}

/** Where an advert has the number of its virtual router, in all versions. */
const VRID_AT = 1;

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let at = 0; at < left.length; at += 1) if (left[at] !== right[at]) return false;
  return true;
}

/** The checksum covers both addresses, so that they count too. */
function isSame(packet: Datagram, known: Known): boolean {
  const { destination, payload, source } = packet;
  return (
    sameBytes(payload, known.payload) &&
    sameBytes(source, known.heard.from.bytes) &&
    sameBytes(destination, known.destination)
  );
}

export class Speaker {
  users = 0;
  readonly group: IpAddress;
  readonly #vrrp: RawIpSocket;
  readonly #udp: UdpSocket;
  /** The last good advert of each virtual router: masters say the same thing again and again. */
  readonly #heard = new Map<number, Known>();

  constructor(
    readonly id: string,
    readonly key: SpeakerKey,
  ) {
    const { device, family, ttl } = key;
    const bytes = key.group?.bytes ?? (family === 4 ? VRRP_GROUP_IPV4 : VRRP_GROUP_IPV6);
    this.group = { family, bytes };
    const standard = key.group === undefined && ttl === HOP_LIMIT;
    const checksum = family === 6 ? { checksumOffset: 6 } : {};
    this.#vrrp = standard
      ? openVrrpSocket({ family, device })
      : openRawIpSocket({ family, device, protocol: VRRP_PROTOCOL, group: bytes, hopLimit: ttl, ...checksum });
    try {
      this.#udp = UdpSocket.open({
        family,
        port: HAND_OVER_PORT,
        deviceName: device.name,
        hopLimit: HOP_LIMIT,
        reuseAddress: true,
      });
      setMulticastSending(this.#udp.fd, family, device.index, HOP_LIMIT);
      changeMembership(this.#udp.fd, bytes, device.index, true);
    } catch (error) {
      this.#vrrp.close();
      throw error;
    }
  }

  get vrrpFd(): number {
    return this.#vrrp.fd;
  }

  get handOverFd(): number {
    return this.#udp.fd;
  }

  /** The next VRRP packet, or nothing. */
  receiveAdvert(believeAnyTtl: (from: IpAddress) => boolean): HeardAdvert | undefined {
    const packet = this.#vrrp.receive();
    if (typeof packet === "number") return undefined;
    const { hopLimit, payload } = packet;
    const vrid = payload[VRID_AT] ?? 0;
    const known = this.#heard.get(vrid);
    if (known !== undefined && hopLimit === known.heard.ttl && isSame(packet, known)) return known.heard;
    const heard = this.#decode(packet, believeAnyTtl);
    // Bounded by the numbers of virtual routers. What was believed of a low TTL may change with the settings.
    if (heard.decoded.ok && hopLimit === HOP_LIMIT) {
      this.#heard.set(vrid, { heard, payload: payload.slice(), destination: packet.destination.slice() });
    }
    return heard;
  }

  #decode(packet: Datagram, believeAnyTtl: (from: IpAddress) => boolean): HeardAdvert {
    const { family } = this.key;
    const from: IpAddress = { family, bytes: packet.source.slice() };
    const ttl = believeAnyTtl(from) ? HOP_LIMIT : packet.hopLimit;
    const arrival = { source: from, destination: { family, bytes: packet.destination }, ttl };
    return { from, ttl: packet.hopLimit, decoded: decodeAdvert(packet.payload, arrival) };
  }

  /** @returns what sends these bytes each time it is called: 0 or -errno */
  prepareAdvert(bytes: Uint8Array, source: IpAddress, destination: IpAddress): () => number {
    return this.#vrrp.prepare(bytes, source.bytes, destination.bytes);
  }

  /** The next hand-over datagram, undefined when none waits, `null` for one that isn't ours. */
  receiveHandOver(): HeardHandOver | null | undefined {
    const datagram = this.#udp.receive();
    if (typeof datagram === "number") return undefined;
    // Anything that was routed has fewer hops left: nobody outside the link can take part.
    const message = datagram.hopLimit === HOP_LIMIT ? decodeHandOver(datagram.payload) : undefined;
    if (message === undefined) return null;
    return { from: { family: this.key.family, bytes: datagram.source.slice() }, message };
  }

  sendHandOver(message: HandOverMessage, source: IpAddress, destination: IpAddress): number {
    return this.#udp.send(encodeHandOver(message), destination.bytes, HAND_OVER_PORT, {
      source: source.bytes,
      scope: this.key.device.index,
    });
  }

  close(): void {
    this.#vrrp.close();
    this.#udp.close();
  }
}

export interface SpeakerHooks {
  readonly onOpen: (speaker: Speaker) => void;
  /** Before its descriptors are closed. */
  readonly onClose: (speaker: Speaker) => void;
}

/** Opens each socket once and closes it after its last user. */
export class Speakers {
  readonly #open = new Map<string, Speaker>();

  constructor(private readonly hooks: SpeakerHooks) {}

  /** Throws `SystemError`. */
  acquire(key: SpeakerKey): Speaker {
    const group = key.group === undefined ? "" : formatAddress(key.group);
    const id = `${key.device.index} ${key.family} ${group} ${key.ttl}`;
    let speaker = this.#open.get(id);
    if (speaker === undefined) {
      speaker = new Speaker(id, key);
      this.#open.set(id, speaker);
      this.hooks.onOpen(speaker);
    }
    speaker.users += 1;
    return speaker;
  }

  release(speaker: Speaker): void {
    speaker.users -= 1;
    if (speaker.users > 0) return;
    this.#open.delete(speaker.id);
    this.hooks.onClose(speaker);
    speaker.close();
  }
}
