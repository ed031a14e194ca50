/**
 * Asks a segment whether an address is in use before taking it: ARP probes (RFC 5227 section 2.1.1) or
 * neighbour solicitations (RFC 4862 section 5.4.2). A small state machine for a `ppoll` loop: it has a
 * descriptor, a deadline and a result, and never blocks.
 */
import { EAGAIN, EINTR } from "../ffi/errno.ts";
import { encodeSolicitationFrame } from "./announce.ts";
import { accept, drop, type FilterInstruction, jumpEqual, loadByte, loadWord } from "./bpf.ts";
import {
  contradictsOwnership,
  decodeArp,
  decodeEthernet,
  encodeArpProbe,
  ETHER_TYPE,
  multicastMac,
} from "./ethernet.ts";
import { IPV6_HEADER_BYTES } from "./ip-packet.ts";
import { decodeNeighbour, ICMPV6, solicitedNode } from "./neighbour.ts";
import { PacketSocket } from "./packet-socket.ts";

export interface AddressProbeOptions {
  readonly interfaceIndex: number;
  /** The hardware address of that interface. */
  readonly mac: Uint8Array;
  /** 4 or 16 bytes. */
  readonly address: Uint8Array;
  /** How many questions, 1 to 10. */
  readonly probes: number;
  /** Between two questions, and after the last. */
  readonly intervalNs: number;
  /** Hosts that only ask for the address at the same time don't count: they may be our own peers. */
  readonly claimsOnly?: boolean;
}

export type ProbeResult =
  | { readonly kind: "waiting" }
  /** Nobody answered any question in time. */
  | { readonly kind: "free" }
  /** Somebody uses the address, or asks for it at the same time. `mac` is empty when the answer hid it. */
  | { readonly kind: "taken"; readonly mac: Uint8Array }
  /** The questions couldn't be sent: errno. */
  | { readonly kind: "failed"; readonly errno: number };

export const PROBES_LIMIT = 10;

function word(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at);
}

/** ARP that names the address as sender or target: frame offsets 28 and 38. */
export function arpFilter(address: Uint8Array): readonly FilterInstruction[] {
  const value = word(address, 0);
  return [loadWord(28), jumpEqual(value, 2, 0), loadWord(38), jumpEqual(value, 0, 1), accept, drop];
}

/** ICMPv6 135 or 136 whose target ends like the address: next header at 20, type at 54, target at 62. */
export function neighbourFilter(address: Uint8Array): readonly FilterInstruction[] {
  return [
    loadByte(20),
    jumpEqual(ICMPV6, 0, 6),
    loadByte(54),
    jumpEqual(135, 1, 0),
    jumpEqual(136, 0, 3),
    loadWord(74),
    jumpEqual(word(address, 12), 0, 1),
    accept,
    drop,
  ];
}

/** Answers are shorter, with all their options; hundreds of addresses may be asked for at once. */
const ANSWER_LIMIT_BYTES = 512;

const same = (left: Uint8Array, right: Uint8Array) => left.every((byte, index) => byte === right[index]);

/** The hardware address behind a frame that contradicts us; nothing for other frames. */
export function contradiction(
  frame: Uint8Array,
  address: Uint8Array,
  ownMac: Uint8Array,
  claimsOnly = false,
): Uint8Array | undefined {
  const ethernet = decodeEthernet(frame);
  if (ethernet === undefined || same(ethernet.source, ownMac)) return undefined;
  if (address.byteLength === 4) {
    const arp = ethernet.etherType === ETHER_TYPE.ARP ? decodeArp(ethernet.payload) : undefined;
    if (arp === undefined || !contradictsOwnership(arp, address, ownMac)) return undefined;
    const claims = same(arp.senderIp, address);
    return claims || !claimsOnly ? arp.senderMac.slice() : undefined;
  }
  if (ethernet.etherType !== ETHER_TYPE.IPV6 || ethernet.payload[6] !== ICMPV6) return undefined;
  // RFC 4861 section 7.1: only from this link.
  if (ethernet.payload[7] !== 255) return undefined;
  const message = decodeNeighbour(ethernet.payload.subarray(IPV6_HEADER_BYTES));
  if (message === undefined || !same(message.target, address)) return undefined;
  const fromNobody = ethernet.payload.subarray(8, 24).every((byte) => byte === 0);
  // A solicitation from a real address is somebody looking for the owner, not an owner.
  if (message.kind === "solicitation" && (claimsOnly || !fromNobody)) return undefined;
  return (message.mac ?? ethernet.source).slice();
}

export class AddressProbe {
  #result: ProbeResult = { kind: "waiting" };
  #sent = 0;
  #deadlineNs: number;

  private constructor(
    readonly options: AddressProbeOptions,
    readonly socket: PacketSocket,
    nowNs: number,
  ) {
    this.#deadlineNs = nowNs;
  }

  /** Starts listening; the first question goes out at the first `onDeadline`. Throws `SystemError`. */
  static start(options: AddressProbeOptions, nowNs: number): AddressProbe {
    if (!(options.probes >= 1 && options.probes <= PROBES_LIMIT)) throw new Error(`${options.probes} probes: 1 to 10`);
    const { interfaceIndex, address } = options;
    const socket = PacketSocket.open({
      interfaceIndex,
      etherType: address.byteLength === 4 ? ETHER_TYPE.ARP : ETHER_TYPE.IPV6,
      filter: address.byteLength === 4 ? arpFilter(address) : neighbourFilter(address),
      frameLimitBytes: ANSWER_LIMIT_BYTES,
    });
    if (address.byteLength === 16) socket.joinMac(interfaceIndex, multicastMac(solicitedNode(address)));
    return new AddressProbe(options, socket, nowNs);
  }

  get fd(): number {
    return this.socket.fd;
  }

  get result(): ProbeResult {
    return this.#result;
  }

  /** When `onDeadline` wants to be called (monotonic nanoseconds); `Infinity` once there is a result. */
  get nextDeadlineNs(): number {
    return this.#result.kind === "waiting" ? this.#deadlineNs : Infinity;
  }

  /** Sends the next question, or concludes that the address is free. */
  onDeadline(nowNs: number): ProbeResult {
    if (this.#result.kind !== "waiting" || nowNs < this.#deadlineNs) return this.#result;
    // Answers that came before this deadline but weren't read yet count.
    this.onReadable();
    if (this.#result.kind !== "waiting") return this.#result;
    if (this.#sent >= this.options.probes) return (this.#result = { kind: "free" });
    const { mac, address, interfaceIndex } = this.options;
    const frame = address.byteLength === 4 ? encodeArpProbe(mac, address) : encodeSolicitationFrame(mac, address);
    const sent = this.socket.send(interfaceIndex, frame);
    if (sent < 0) return (this.#result = { kind: "failed", errno: -sent });
    this.#sent += 1;
    this.#deadlineNs = nowNs + this.options.intervalNs;
    return this.#result;
  }

  /** Reads the answers that wait. */
  onReadable(): ProbeResult {
    while (this.#result.kind === "waiting") {
      const frame = this.socket.receive();
      if (typeof frame === "number") {
        if (frame === -EAGAIN) break;
        if (frame === -EINTR) continue;
        // ENETDOWN is reported once when the interface goes down: no answer can come any more.
        this.#result = { kind: "failed", errno: -frame };
        break;
      }
      const mac = contradiction(frame.bytes, this.options.address, this.options.mac, this.options.claimsOnly === true);
      if (mac !== undefined) this.#result = { kind: "taken", mac };
    }
    return this.#result;
  }

  close(): void {
    this.socket.close();
  }
}
