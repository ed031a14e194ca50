/** Hears the packets of the shared sockets and hands each to the routers that it is for. Part of the deadline thread. */
import { monotonicNs } from "../../../../shared/drive/ffi/clock.ts";
import { POLL } from "../../../../shared/drive/ffi/poll.ts";
import type { PollLoop } from "../../../../shared/drive/ffi/poll-loop.ts";
import { type Reason, reason } from "../../../../shared/reason/catalogue.ts";
import { formatAddress, type IpAddress, sameAddress } from "../../../../shared/text/address.ts";
import type { HeardAdvert, Speaker } from "../../drive/speakers.ts";
import { type Advert, PRIORITY_STOP } from "../../model/packet.ts";
import { vipReasons } from "../../model/reasons.ts";
import type { LiveRouter } from "./live-router.ts";
import type { RouterSteps } from "./router-steps.ts";

/** Packets of one socket handled in one turn: a flood can't keep the routers from their deadlines. */
const PACKETS_PER_TURN = 64;
/** Of a stream of bad packets one in this time is told. */
const TELL_BAD_PACKETS_MS = 10_000;

export class Listener {
  constructor(
    private readonly loop: PollLoop,
    private readonly steps: RouterSteps,
    private readonly tell: (router: LiveRouter, reasons: readonly Reason[]) => void,
  ) {}

  listen(speaker: Speaker): void {
    this.loop.add(speaker.vrrpFd, POLL.IN, () => this.#onAdverts(speaker));
    this.loop.add(speaker.handOverFd, POLL.IN, () => this.#onHandOvers(speaker));
  }

  leave(speaker: Speaker): void {
    this.loop.remove(speaker.vrrpFd);
    this.loop.remove(speaker.handOverFd);
  }

  #routersOf(speaker: Speaker): LiveRouter[] {
    return [...this.steps.routers.values()].filter((router) => router.port?.speaker === speaker);
  }

  #onAdverts(speaker: Speaker): void {
    // Those that send with a lower TTL are believed only from peers that are listed by address. Over IPv6 keepalived
    // sends to them with the kernel's usual hop limit of 64.
    const anyTtl = (from: IpAddress): boolean =>
      (speaker.key.ttl < 255 || speaker.key.family === 6) &&
      this.#routersOf(speaker).some((router) => router.settings.peers.some((peer) => sameAddress(peer, from)));
    for (let count = 0; count < PACKETS_PER_TURN && speaker.users > 0; count += 1) {
      const heard = speaker.receiveAdvert(anyTtl);
      if (heard === undefined) return;
      this.#onAdvert(speaker, heard);
    }
  }

  #onAdvert(speaker: Speaker, { decoded, from }: HeardAdvert): void {
    if (!decoded.ok) {
      // Groups of CARP on the same link are no mistake of anybody.
      if (decoded.fault === "carp") return;
      // Which router it was for can't be known: the first one tells.
      const [first] = this.#routersOf(speaker);
      if (first !== undefined) this.#badPacket(first, from, decoded.detail);
      return;
    }
    const { advert } = decoded;
    for (const router of this.steps.numbered(advert.vrid)) {
      if (router.port?.speaker !== speaker) continue;
      this.#forRouter(router, advert, from);
    }
  }

  #forRouter(router: LiveRouter, advert: Advert, from: IpAddress): void {
    const { port, settings } = router;
    if (port === undefined || sameAddress(from, port.own)) return;
    if (settings.peers.length > 0 && !settings.peers.some((peer) => sameAddress(peer, from))) return;
    if (advert.version !== settings.version) {
      this.#badPacket(router, from, `version ${advert.version}, not ${settings.version}`);
      return;
    }
    if (advert.password !== settings.password) {
      this.#badPacket(router, from, "its password is not ours");
      return;
    }
    router.counts[advert.priority === PRIORITY_STOP ? "stopsReceived" : "advertsReceived"] += 1;
    if (router.state.role === "master" && advert.priority < router.state.priority) router.lowerHeard = true;
    this.steps.step(router, { kind: "advert", advert, from, own: port.own });
  }

  #badPacket(router: LiveRouter, from: IpAddress, detail: string): void {
    router.counts.badPackets += 1;
    const now = monotonicNs() / 1e6;
    if (now - router.toldBadPacketAtMs < TELL_BAD_PACKETS_MS) return;
    router.toldBadPacketAtMs = now;
    const data = { name: router.name, source: formatAddress(from), detail };
    this.tell(router, [reason(vipReasons, "VIP_BAD_PACKET", data)]);
  }

  #onHandOvers(speaker: Speaker): void {
    for (let count = 0; count < PACKETS_PER_TURN && speaker.users > 0; count += 1) {
      const heard = speaker.receiveHandOver();
      if (heard === undefined) return;
      if (heard === null) continue;
      const { from, message } = heard;
      for (const router of this.steps.routers.values()) {
        const { port, settings } = router;
        if (settings.vrid !== message.vrid || port?.speaker !== speaker || sameAddress(from, port.own)) continue;
        if (settings.peers.length > 0 && !settings.peers.some((peer) => sameAddress(peer, from))) continue;
        this.steps.step(router, { kind: "handOver", message, from });
      }
    }
  }
}
