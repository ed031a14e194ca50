/** The BFD session beside one BGP session: sockets, deadlines, and the news that the path came or went. */
import { randomInt } from "node:crypto";
import { EADDRINUSE } from "../../../../shared/drive/ffi/errno.ts";
import { SystemError } from "../../../../shared/drive/ffi/libc.ts";
import { POLL } from "../../../../shared/drive/ffi/poll.ts";
import type { PollLoop } from "../../../../shared/drive/ffi/poll-loop.ts";
import { UdpSocket } from "../../../../shared/drive/net/udp-socket.ts";
import { type IpAddress, sameAddress } from "../../../../shared/text/address.ts";
import { type BfdEvent, type BfdSession, bfdDeadline, decideBfd, newBfdSession } from "../../decide/bfd/bfd.ts";
import { BFD_HOP_LIMIT, decodeBfd, encodeBfd } from "../../drive/bfd/bfd-codec.ts";
import { BFD_PORT, BFD_SOURCE_PORTS, type BfdPacket, type BfdSettings } from "../../model/bfd/bfd.ts";

/** Packets of one socket handled in one turn. */
const PACKETS_PER_TURN = 64;
const PORT_ATTEMPTS = 32;
const RANDOM_STEPS = 1_000_000;
const MOST_DISCRIMINATOR = 0xffff_ffff;

export interface BfdPeer {
  readonly address: IpAddress;
  readonly source?: IpAddress;
  readonly device?: string;
  /** Index of the interface for a link-local peer. */
  readonly scope: number;
}

export type BfdNews = { readonly kind: "up" } | { readonly kind: "down"; readonly why: string };

const random = (): number => randomInt(RANDOM_STEPS) / RANDOM_STEPS;

export class BfdWatch {
  session: BfdSession;
  readonly #sender: UdpSocket;

  constructor(
    readonly peer: BfdPeer,
    readonly settings: BfdSettings,
    nowMs: number,
    private readonly onNews: (news: BfdNews) => void,
  ) {
    this.session = newBfdSession(randomInt(1, MOST_DISCRIMINATOR), nowMs);
    this.#sender = openSender(peer);
  }

  get deadlineMs(): number {
    return bfdDeadline(this.session);
  }

  onDeadline(nowMs: number): void {
    if (nowMs >= this.deadlineMs) this.#step({ kind: "time", random: random() }, nowMs);
  }

  onPacket(packet: BfdPacket, nowMs: number): void {
    this.#step({ kind: "packet", packet, random: random() }, nowMs);
  }

  #step(event: BfdEvent, nowMs: number): void {
    const { change, send, session } = decideBfd(this.settings, this.session, event, nowMs);
    this.session = session;
    for (const packet of send) this.#send(packet);
    if (change !== undefined) this.onNews(change);
  }

  #send(packet: BfdPacket): void {
    const { address, scope, source } = this.peer;
    const options = source === undefined ? { scope } : { scope, source: source.bytes };
    // One that can't be sent is one that is lost: the peer notices.
    this.#sender.send(encodeBfd(packet), address.bytes, BFD_PORT, options);
  }

  /** Says goodbye and closes. */
  close(nowMs: number): void {
    this.#step({ kind: "stop" }, nowMs);
    this.#sender.close();
  }
}

function openSender({ address, device, source }: BfdPeer): UdpSocket {
  const { first, last } = BFD_SOURCE_PORTS;
  for (let attempt = 1; ; attempt += 1) {
    const port = randomInt(first, last + 1);
    try {
      return UdpSocket.open({
        family: address.family,
        port,
        hopLimit: BFD_HOP_LIMIT,
        ...(source === undefined ? {} : { address: source.bytes }),
        ...(device === undefined ? {} : { deviceName: device }),
      });
    } catch (error) {
      if (!(error instanceof SystemError) || error.errno !== EADDRINUSE || attempt >= PORT_ATTEMPTS) throw error;
    }
  }
}

/** The sockets on which all sessions of this host hear; opened with the first session of their family. */
export class BfdListener {
  readonly #sockets = new Map<4 | 6, UdpSocket>();

  constructor(
    private readonly loop: PollLoop,
    private readonly sessions: () => readonly BfdWatch[],
    private readonly now: () => number,
  ) {}

  /** Throws `SystemError`. */
  open(family: 4 | 6): void {
    if (this.#sockets.has(family)) return;
    const heard = UdpSocket.open({ family, port: BFD_PORT, hopLimit: BFD_HOP_LIMIT });
    this.#sockets.set(family, heard);
    this.loop.add(heard.fd, POLL.IN, () => this.#onReadable(heard));
  }

  #onReadable(heard: UdpSocket): void {
    for (let count = 0; count < PACKETS_PER_TURN; count += 1) {
      const datagram = heard.receive();
      if (typeof datagram === "number") return;
      const packet = decodeBfd(datagram.payload, datagram.hopLimit);
      if (packet === undefined) continue;
      const from: IpAddress = { family: heard.family, bytes: datagram.source };
      const named = packet.yourDiscriminator;
      // Section 6.8.6: by our own number; by the sender's address while it doesn't know that. Never by the number alone.
      const session = this.sessions().find(
        (one) => sameAddress(one.peer.address, from) && (named === 0 || one.session.mine === named),
      );
      session?.onPacket(packet, this.now());
    }
  }

  close(): void {
    for (const heard of this.#sockets.values()) {
      this.loop.remove(heard.fd);
      heard.close();
    }
    this.#sockets.clear();
  }
}
