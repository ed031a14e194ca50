/** One BGP session as the deadline thread holds it: connection, state, what the peer was told, and BFD beside it. */
import { monotonicNs } from "../../../../shared/drive/ffi/clock.ts";
import { SystemError } from "../../../../shared/drive/ffi/libc.ts";
import type { PollLoop } from "../../../../shared/drive/ffi/poll-loop.ts";
import type { RouteClient } from "../../../../shared/drive/net/route-client.ts";
import { type Reason, reason } from "../../../../shared/reason/catalogue.ts";
import { formatAddress } from "../../../../shared/text/address.ts";
import { formatPrefix } from "../../../../shared/text/prefix.ts";
import { routeChanges, routesFor, type Standing } from "../../decide/bgp/routes.ts";
import {
  BGP_STOPPED,
  type BgpEffect,
  type BgpEvent,
  type BgpSelf,
  type BgpState,
  bgpDeadline,
  decideBgp,
} from "../../decide/bgp/session.ts";
import { BgpConnection } from "../../drive/bgp/bgp-connection.ts";
import { decodeBgp, MAX_MESSAGE_BYTES } from "../../drive/bgp/bgp-decode.ts";
import {
  encodeAnnounce,
  encodeKeepalive,
  encodeNotification,
  encodeOpen,
  encodeWithdraw,
} from "../../drive/bgp/bgp-encode.ts";
import { readPasswordFile } from "../../drive/carp/password-file.ts";
import { type BgpAnnouncementSettings, type BgpPeerSettings, MAX_MD5_PASSWORD_BYTES } from "../../model/bgp/bgp.ts";
import type { BgpRoute } from "../../model/bgp/message.ts";
import { bgpReasons } from "../../model/bgp/reasons.ts";
import { type BfdListener, type BfdNews, BfdWatch } from "../bfd/bfd-watch.ts";

export interface PeerContext {
  readonly loop: PollLoop;
  readonly routes: RouteClient;
  readonly self: BgpSelf;
  readonly bfd: BfdListener;
  /** What this host wants to be known now. */
  readonly standings: () => readonly Standing[];
  readonly onTold: (reasons: readonly Reason[]) => void;
  /** The session came or went. */
  readonly onChanged: () => void;
}

const now = (): number => monotonicNs() / 1e6;

export class LivePeer {
  state: BgpState = BGP_STOPPED;
  watch: BfdWatch | undefined;
  #connection: BgpConnection | undefined;
  #buffer: Uint8Array = new Uint8Array(0);
  /** What the peer knows from us, by prefix. */
  #told: ReadonlyMap<string, BgpRoute> = new Map();
  /** Reasons that were told already, so that they aren't at each change. */
  #said = new Set<string>();
  /** While it says goodbye: runs when the peer has heard it. */
  #onHeard: (() => void) | undefined;

  constructor(
    readonly settings: BgpPeerSettings,
    private readonly context: PeerContext,
  ) {}

  get name(): string {
    return formatAddress(this.settings.address);
  }

  get established(): boolean {
    return this.state.phase === "established";
  }

  start(): void {
    this.#startBfd();
    this.step({ kind: "start" });
  }

  /** Without BFD, because another program has its port, say, the session is still worth having. */
  #startBfd(): void {
    const { address, bfd, device, source } = this.settings;
    if (bfd === undefined) return;
    try {
      this.context.bfd.open(address.family);
      const own = source === undefined ? {} : { source };
      const on = device === undefined ? {} : { device };
      const peer = { address, scope: this.#scope(), ...own, ...on };
      this.watch = new BfdWatch(peer, bfd, now(), (news) => this.#onBfd(news));
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.context.onTold([reason(bgpReasons, "VIP_BFD_REFUSED", { peer: this.name, detail: error.message })]);
    }
  }

  /** Closes the session without a pause for draining; that is the part's affair. */
  stop(): void {
    this.step({ kind: "stop" });
    this.#connection?.close();
    this.#connection = undefined;
    this.watch?.close(now());
    this.watch = undefined;
  }

  /**
   * Says that the session ends, and why. BFD goes on until `stop`: were it to end now, too, the peer might see that first
   * and take it for a failure of the path.
   * @param onHeard the peer has closed its end, or there was no session
   */
  sayGoodbye(onHeard: () => void): void {
    const { established } = this;
    if (established) this.#onHeard = onHeard;
    this.step({ kind: "stop" });
    if (!established) onHeard();
  }

  get deadlineMs(): number {
    return Math.min(bgpDeadline(this.state), this.watch?.deadlineMs ?? Number.POSITIVE_INFINITY);
  }

  onDeadline(nowMs: number): void {
    this.watch?.onDeadline(nowMs);
    if (nowMs >= bgpDeadline(this.state)) this.step({ kind: "time" });
  }

  #scope(): number {
    const { device } = this.settings;
    const link = device === undefined ? undefined : this.context.routes.link(device);
    return link?.ok === true ? link.value.index : 0;
  }

  #onBfd(news: BfdNews): void {
    const { watch } = this;
    // The peer ends BFD with the session: no news while we leave.
    if (this.#onHeard !== undefined) return;
    if (news.kind === "up") {
      const intervalMs = watch?.settings.intervalMs ?? 0;
      this.context.onTold([reason(bgpReasons, "VIP_BFD_UP", { peer: this.name, intervalMs })]);
      return;
    }
    this.context.onTold([reason(bgpReasons, "VIP_BFD_DOWN", { peer: this.name, why: news.why })]);
    this.step({ kind: "pathDown" });
  }

  step(event: BgpEvent): void {
    const { settings } = this;
    const before = this.state.phase;
    const { effects, reasons, state } = decideBgp(this.context.self, settings, this.state, event, now());
    this.state = state;
    if (reasons.length > 0) this.context.onTold(reasons);
    for (const effect of effects) this.#carryOut(effect);
    if ((before === "established") !== this.established) this.context.onChanged();
  }

  #carryOut(effect: BgpEffect): void {
    const { as, routerId } = this.context.self;
    switch (effect.kind) {
      case "connect":
        this.#connect();
        break;
      case "close":
        if (this.#onHeard === undefined) {
          this.#connection?.close();
          this.#connection = undefined;
        } else this.#connection?.finish(this.#onHeard);
        this.#told = new Map();
        this.#said.clear();
        break;
      case "sendOpen": {
        const holdSeconds = Math.round(this.settings.holdMs / 1000);
        const open = { as, routerId, holdSeconds, fourOctetAs: true, families: [4, 6], routeRefresh: true } as const;
        this.#connection?.send(encodeOpen(open));
        break;
      }
      case "sendKeepalive":
        this.#connection?.send(encodeKeepalive());
        break;
      case "sendNotification":
        this.#connection?.send(encodeNotification(effect.notification));
        break;
      case "sendRoutes":
        this.#told = new Map();
        this.sync();
        break;
    }
  }

  /** Was the peer told of any of these? */
  carries({ prefixes }: BgpAnnouncementSettings): boolean {
    return prefixes.some((prefix) => this.#told.has(formatPrefix(prefix)));
  }

  /** Tells the peer what it doesn't know yet. */
  sync(): void {
    const connection = this.#connection;
    const { peer } = this.state;
    const own = connection?.own;
    if (!this.established || connection === undefined || peer === undefined || own === undefined) return;
    const context = { peer: this.settings, own, families: peer.families };
    const { reasons, routes } = routesFor(this.context.standings(), context);
    const { announce, withdraw } = routeChanges(this.#told, routes);
    const { as } = this.context.self;
    const agreement = { as, internal: as === this.settings.as, fourOctetAs: peer.fourOctetAs };
    for (const prefix of withdraw) connection.send(encodeWithdraw(prefix));
    for (const route of announce) connection.send(encodeAnnounce(route, agreement));
    this.#told = routes;
    const fresh = reasons.filter((fact) => !this.#said.has(JSON.stringify(fact.data)));
    for (const fact of fresh) this.#said.add(JSON.stringify(fact.data));
    if (fresh.length > 0) this.context.onTold(fresh);
  }

  #connect(): void {
    const password = this.#password();
    if (typeof password === "string") {
      this.step({ kind: "disconnected", why: password });
      return;
    }
    this.#buffer = new Uint8Array(0);
    const called = BgpConnection.call(this.context.loop, this.settings, password, this.#scope(), {
      onConnected: () => this.step({ kind: "connected" }),
      onBytes: (bytes) => this.#onBytes(bytes),
      onClosed: (why) => this.step({ kind: "disconnected", why }),
    });
    if (typeof called === "string") this.step({ kind: "disconnected", why: called });
    else this.#connection = called;
  }

  #password(): Uint8Array | string | undefined {
    const { passwordFile } = this.settings;
    return passwordFile === undefined ? undefined : readPasswordFile(passwordFile, MAX_MD5_PASSWORD_BYTES);
  }

  /** Whole messages are taken, the rest waits; it is never longer than one message. */
  #onBytes(bytes: Uint8Array): void {
    let rest = new Uint8Array(this.#buffer.length + bytes.length);
    rest.set(this.#buffer);
    rest.set(bytes, this.#buffer.length);
    const connection = this.#connection;
    while (rest.length > 0 && this.#connection === connection) {
      const read = decodeBgp(rest);
      if (read.kind === "wait") break;
      if (read.kind === "broken") {
        this.step({ kind: "broken", notification: read.notification });
        return;
      }
      rest = rest.subarray(read.length);
      this.step({ kind: "message", message: read.message });
    }
    // What follows the end of a session belongs to nobody.
    if (this.#connection !== connection) return;
    if (rest.length >= MAX_MESSAGE_BYTES) throw new Error("a message was left unread");
    this.#buffer = rest.slice();
  }
}
