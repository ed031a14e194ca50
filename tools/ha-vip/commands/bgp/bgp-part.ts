/** The BGP speaker in the deadline thread: announcements that follow health, the sessions that carry them. */
import { monotonicNs } from "../../../../shared/drive/ffi/clock.ts";
import type { PollLoop } from "../../../../shared/drive/ffi/poll-loop.ts";
import type { Link } from "../../../../shared/drive/net/link-codec.ts";
import { describe, type Reason, reason } from "../../../../shared/reason/catalogue.ts";
import { routerIdOf } from "../../drive/bgp/bgp-encode.ts";
import { AnycastAddresses } from "../../drive/bgp/anycast-addresses.ts";
import type { Network } from "../../drive/router-port.ts";
import type { BgpAnnouncementSettings, BgpSettings } from "../../model/bgp/bgp.ts";
import { bgpReasons } from "../../model/bgp/reasons.ts";
import type { Assignment, RouterCounters, RouterHealth, RouterRole, RouterView } from "../../model/messages.ts";
import { ADDRESS_RENEW_MS } from "../../model/router.ts";
import type { Standing } from "../../decide/bgp/routes.ts";
import { onlyWaits } from "../../decide/check.ts";
import { BfdListener } from "../bfd/bfd-watch.ts";
import type { PartHooks } from "../run/further-parts.ts";
import type { ThreadPart } from "../run/thread-part.ts";
import { LivePeer } from "./live-peer.ts";

/** Peers have so long to read that sessions end, and why; one that is gone can't. */
const GOODBYE_LIMIT_MS = 2_000;

const now = (): number => monotonicNs() / 1e6;

interface LiveAnnouncement {
  readonly settings: BgpAnnouncementSettings;
  addresses: AnycastAddresses;
  health: RouterHealth;
  role: RouterRole;
}

export class BgpPart implements ThreadPart {
  #settings: BgpSettings | undefined;
  readonly #peers = new Map<string, LivePeer>();
  readonly #announcements = new Map<string, LiveAnnouncement>();
  readonly #bfd: BfdListener;
  #renewAtMs = Number.POSITIVE_INFINITY;
  /** While it leaves: when routes are withdrawn and sessions end. */
  #endAtMs = Number.POSITIVE_INFINITY;
  /** Peers were told; when sockets and addresses go. */
  #closeAtMs = Number.POSITIVE_INFINITY;
  #going: AnycastAddresses[] = [];
  #leaving = false;

  constructor(
    private readonly loop: PollLoop,
    private readonly network: Network,
    private readonly hooks: PartHooks,
  ) {
    const watches = () => [...this.#peers.values()].flatMap((peer) => peer.watch ?? []);
    this.#bfd = new BfdListener(loop, watches, now);
  }

  use({ bgp, health }: Assignment): void {
    const settings = bgp?.settings;
    const gone = this.#useAnnouncements(bgp?.announcements ?? [], health);
    const identity = (one: BgpSettings | undefined): string => JSON.stringify([one?.as, one?.routerId]);
    const other = identity(settings) !== identity(this.#settings);
    this.#settings = settings;
    const wanted = new Map((settings?.peers ?? []).map((peer) => [JSON.stringify(peer), peer]));
    for (const [key, peer] of this.#peers) {
      if (!other && wanted.has(key)) continue;
      peer.stop();
      this.#peers.delete(key);
    }
    for (const [key, peer] of wanted) {
      if (settings === undefined || this.#peers.has(key)) continue;
      const live = new LivePeer(peer, {
        loop: this.loop,
        routes: this.network.routes,
        self: { as: settings.as, routerId: routerIdOf(settings.routerId) },
        bfd: this.#bfd,
        standings: () => this.#standings(),
        onTold: (reasons) => this.#tellPeer(reasons),
        onChanged: () => this.#onPeerChanged(),
      });
      this.#peers.set(key, live);
      live.start();
    }
    this.#sync();
    // After their routes.
    const staying = [...this.#announcements.values()].map((live) => live.addresses);
    for (const addresses of gone) addresses.drop(staying);
  }

  /** @returns the addresses of those that left or changed, still installed */
  #useAnnouncements(wanted: readonly BgpAnnouncementSettings[], health: Assignment["health"]): AnycastAddresses[] {
    const gone: AnycastAddresses[] = [];
    for (const [name, live] of this.#announcements) {
      const next = wanted.find((one) => one.name === name);
      if (next !== undefined && JSON.stringify(next) === JSON.stringify(live.settings)) continue;
      gone.push(live.addresses);
      this.#announcements.delete(name);
      if (next === undefined) this.hooks.onGone(name);
    }
    for (const settings of wanted) {
      const { name } = settings;
      const known = health.find((one) => one.name === name) ?? { name, adjustment: 0, faults: [] };
      const before = this.#announcements.get(name);
      if (before !== undefined) {
        before.health = known;
        continue;
      }
      const addresses = new AnycastAddresses(this.network.routes, settings);
      const live: LiveAnnouncement = { settings, addresses, health: known, role: "stopped" };
      this.#announcements.set(name, live);
      // Before the first packet for them can come.
      this.#install(live);
    }
    this.#renewAtMs = this.#announcements.size > 0 ? now() + ADDRESS_RENEW_MS : Number.POSITIVE_INFINITY;
    return gone;
  }

  #install(live: LiveAnnouncement): void {
    const { name } = live.settings;
    const refused = live.addresses.take();
    this.#tell(
      live,
      refused.map((one) => reason(bgpReasons, "VIP_BGP_ADDRESS_REFUSED", { name, ...one })),
    );
  }

  #standings(): Standing[] {
    return [...this.#announcements.values()].map(({ health, settings }) => ({
      settings,
      announced: health.faults.length === 0,
      leaving: this.#leaving,
    }));
  }

  /** Tells all peers what is new for them, and the main thread how the announcements are. */
  #sync(): void {
    for (const peer of this.#peers.values()) peer.sync();
    for (const live of this.#announcements.values()) {
      const { faults } = live.health;
      const up = this.#told(live);
      const role: RouterRole = faults.length > 0 ? "fault" : up.length > 0 ? "master" : "backup";
      if (role === live.role) continue;
      live.role = role;
      const { name } = live.settings;
      const why = {
        fault: () => reason(bgpReasons, "VIP_BGP_FAULT", { name, faults }),
        master: () => reason(bgpReasons, "VIP_BGP_ANNOUNCED", { name, peers: up }),
        backup: () => reason(bgpReasons, "VIP_BGP_WAITS", { name }),
      }[role];
      // While checks have no result yet there is nothing that anybody needs to hear.
      this.#tell(live, onlyWaits(faults) ? [] : [why()]);
    }
  }

  /** The peers that know of an announcement. */
  #told({ settings }: LiveAnnouncement): string[] {
    return [...this.#peers.values()].filter((peer) => peer.carries(settings)).map((peer) => peer.name);
  }

  #view(live: LiveAnnouncement): RouterView {
    const { health, role, settings } = live;
    const up = this.#told(live);
    const peers = up.length === 0 ? {} : { master: up.join(", ") };
    return { name: settings.name, role, priority: 0, faults: health.faults, deviceAdjustment: 0, ...peers };
  }

  #tell(live: LiveAnnouncement, reasons: readonly Reason[]): void {
    this.hooks.onTold(
      this.#view(live),
      reasons.map((fact) => describe(bgpReasons, fact)),
    );
  }

  /** News of a session come with the view of any announcement. */
  #tellPeer(reasons: readonly Reason[]): void {
    const [first] = this.#announcements.values();
    if (first !== undefined) this.#tell(first, reasons);
  }

  #onPeerChanged(): void {
    this.#sync();
    // Who has the routes is part of every announcement's view.
    for (const live of this.#announcements.values()) this.#tell(live, []);
  }

  health(health: RouterHealth): void {
    const live = this.#announcements.get(health.name);
    if (live === undefined) return;
    live.health = health;
    this.#sync();
  }

  nextDeadlineMs(): number {
    let next = Math.min(this.#renewAtMs, this.#endAtMs, this.#closeAtMs);
    for (const peer of this.#peers.values()) next = Math.min(next, peer.deadlineMs);
    return next;
  }

  onDeadline(nowMs: number): void {
    for (const peer of this.#peers.values()) peer.onDeadline(nowMs);
    if (nowMs >= this.#renewAtMs) {
      this.#renewAtMs = nowMs + ADDRESS_RENEW_MS;
      const held = [...[...this.#announcements.values()].map((live) => live.addresses), ...this.#going];
      this.network.routes.renewAddresses(held.flatMap((one) => one.renewals));
    }
    if (nowMs >= this.#endAtMs) this.#end();
    if (nowMs >= this.#closeAtMs) this.#close();
  }

  /** Sessions notice by themselves, BFD sooner than the kernel tells; addresses wait for their interface. */
  onLink(link: Link, removed: boolean): void {
    for (const live of this.#announcements.values()) {
      if (live.settings.device !== link.name) continue;
      const other = removed || live.addresses.missing !== undefined;
      if (!other) continue;
      live.addresses = new AnycastAddresses(this.network.routes, live.settings);
      if (!removed) this.#install(live);
    }
  }

  onAddressRemoved(): void {
    // The next renewal puts it back.
  }

  /** Routers move the traffic away while we still serve it; then routes, sessions and addresses go. */
  stop(): void {
    const drainMs = this.#settings?.drainMs ?? 0;
    this.#leaving = true;
    const serving = [...this.#announcements.values()].filter((live) => live.role === "master");
    if (serving.length === 0 || drainMs === 0) {
      this.#end();
      return;
    }
    for (const live of serving) {
      this.#tell(live, [reason(bgpReasons, "VIP_BGP_LEAVING", { name: live.settings.name, drainMs })]);
    }
    for (const peer of this.#peers.values()) peer.sync();
    this.#endAtMs = now() + drainMs;
  }

  /** Routes first, so that nothing more is sent here; the end of the session would do it too, but not as surely at once. */
  #end(): void {
    this.#endAtMs = Number.POSITIVE_INFINITY;
    for (const live of this.#announcements.values()) this.#going.push(live.addresses);
    this.#announcements.clear();
    for (const peer of this.#peers.values()) peer.sync();
    this.#closeAtMs = now() + GOODBYE_LIMIT_MS;
    const unheard = new Set(this.#peers.values());
    for (const peer of this.#peers.values()) {
      peer.sayGoodbye(() => {
        unheard.delete(peer);
        if (unheard.size === 0) this.#closeAtMs = now();
      });
    }
    if (unheard.size === 0) this.#close();
  }

  #close(): void {
    this.#closeAtMs = Number.POSITIVE_INFINITY;
    this.#renewAtMs = Number.POSITIVE_INFINITY;
    for (const peer of this.#peers.values()) peer.stop();
    this.#peers.clear();
    this.#bfd.close();
    for (const addresses of this.#going.splice(0)) addresses.drop();
  }

  get done(): boolean {
    return !this.#leaving || (this.#peers.size === 0 && this.#announcements.size === 0);
  }

  counters(): readonly RouterCounters[] {
    return [];
  }
}
