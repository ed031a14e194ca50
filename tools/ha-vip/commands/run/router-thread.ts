/**
 * The deadline thread of ha-vip: all routers of this host, their sockets, addresses and timers in one `ppoll`.
 * Decisions come from `decide/`, effects go to `drive/`; nothing here waits for a script, a disk or a lock.
 */
import type { WorkerMailbox } from "../../../../shared/drive/ffi/mailbox.ts";
import { monotonicNs } from "../../../../shared/drive/ffi/clock.ts";
import { becomeDeadlineThread } from "../../../../shared/drive/ffi/deadline-thread.ts";
import { POLL } from "../../../../shared/drive/ffi/poll.ts";
import { PollLoop } from "../../../../shared/drive/ffi/poll-loop.ts";
import { isUsable } from "../../../../shared/drive/net/link-codec.ts";
import { PacketSocket } from "../../../../shared/drive/net/packet-socket.ts";
import { RouteClient } from "../../../../shared/drive/net/route-client.ts";
import { type RouteEvent, RouteMonitor } from "../../../../shared/drive/net/route-monitor.ts";
import { describe, type Reason, reason } from "../../../../shared/reason/catalogue.ts";
import { formatAddress, sameAddress } from "../../../../shared/text/address.ts";
import { deadlineOf, decideRouter, type RouterEvent, type RouterState, STOPPED } from "../../decide/router.ts";
import { type Network, type Received, RouterPort } from "../../drive/router-port.ts";
import type { RouterHealth, ToMain, ToWorker } from "../../model/messages.ts";
import { vipReasons } from "../../model/reasons.ts";
import type { RouterSettings } from "../../model/router.ts";

/** Above ordinary programs and below the kernel's own threads, which serve the network card. */
const REAL_TIME_PRIORITY = 40;
/** Packets of one router handled in one turn: a flood can't keep the others from their deadlines. */
const PACKETS_PER_TURN = 64;
/** A router whose interface is missing looks for it this often, besides at every change of interfaces. */
const RETRY_MS = 1_000;
/** Of a stream of bad packets one in this time is told. */
const TELL_BAD_PACKETS_MS = 10_000;

interface Router {
  readonly settings: RouterSettings;
  state: RouterState;
  health: RouterHealth;
  /** What is wrong with the interface, or undefined. */
  linkFault: string | undefined;
  port: RouterPort | undefined;
  toldBadPacketAtMs: number;
}

const nowMs = (): number => monotonicNs() / 1e6;

export class RouterThread {
  readonly #mailbox: WorkerMailbox<ToMain, ToWorker>;
  readonly #network: Network;
  readonly #monitor = RouteMonitor.open(["link", "address"]);
  readonly #loop: PollLoop;
  readonly #routers = new Map<string, Router>();
  #retryAtMs = Number.POSITIVE_INFINITY;

  constructor(mailbox: WorkerMailbox<ToMain, ToWorker>) {
    this.#mailbox = mailbox;
    this.#network = { routes: RouteClient.open(), packets: PacketSocket.openSender() };
    this.#loop = new PollLoop({
      capacity: 2048,
      nextDeadlineNs: () => this.#nextDeadlineMs() * 1e6,
      onDeadline: () => this.#onDeadline(),
    });
    this.#loop.add(mailbox.fd, POLL.IN, () => this.#onMail());
    this.#loop.add(this.#monitor.fd, POLL.IN, () => this.#onNetworkChange());
  }

  /** Runs until told to stop. */
  run(): void {
    const { realTime, refused } = becomeDeadlineThread({ name: "ha-vip-deadline", priority: REAL_TIME_PRIORITY });
    this.#mailbox.send({ kind: "ready", realTime, refused });
    this.#loop.run();
    this.#mailbox.send({ kind: "stopped" });
  }

  #nextDeadlineMs(): number {
    let next = this.#retryAtMs;
    for (const router of this.#routers.values()) next = Math.min(next, deadlineOf(router.state));
    return next;
  }

  #onDeadline(): void {
    const now = nowMs();
    if (now >= this.#retryAtMs) this.#openMissing();
    for (const router of this.#routers.values()) {
      if (deadlineOf(router.state) <= now) this.#step(router, { kind: "time" });
    }
  }

  #onMail(): void {
    for (const message of this.#mailbox.receive()) {
      if (message.kind === "start") this.#start(message.routers, message.health);
      else if (message.kind === "stop") this.#stop();
      else {
        const router = this.#routers.get(message.health.name);
        if (router !== undefined) {
          router.health = message.health;
          this.#healthStep(router);
        }
      }
    }
  }

  #start(routers: readonly RouterSettings[], health: readonly RouterHealth[]): void {
    for (const settings of routers) {
      const { name, priority } = settings;
      const router: Router = {
        settings,
        state: STOPPED,
        health: health.find((one) => one.name === name) ?? { name, priority, faults: [] },
        linkFault: undefined,
        port: undefined,
        toldBadPacketAtMs: Number.NEGATIVE_INFINITY,
      };
      this.#routers.set(name, router);
      this.#open(router);
      const faults = this.#faultsOf(router);
      this.#step(router, { kind: "start", priority: router.health.priority, faults });
    }
  }

  #stop(): void {
    for (const router of this.#routers.values()) {
      this.#step(router, { kind: "stop" });
      router.port?.close();
    }
    this.#loop.stop();
  }

  #open(router: Router): void {
    const opened = RouterPort.open(router.settings, this.#network);
    if (typeof opened === "string") {
      router.linkFault = opened;
      this.#retryAtMs = nowMs() + RETRY_MS;
      return;
    }
    const link = this.#network.routes.link(router.settings.device);
    router.port = opened;
    router.linkFault = link.ok && isUsable(link.value) ? undefined : `${router.settings.device} is down`;
    this.#loop.add(opened.fd, POLL.IN, () => this.#onPackets(router, opened));
  }

  #close(router: Router): void {
    if (router.port === undefined) return;
    this.#loop.remove(router.port.fd);
    router.port.close();
    router.port = undefined;
  }

  #openMissing(): void {
    this.#retryAtMs = Number.POSITIVE_INFINITY;
    for (const router of this.#routers.values()) {
      if (router.port !== undefined) continue;
      this.#open(router);
      this.#healthStep(router);
    }
  }

  #faultsOf(router: Router): readonly string[] {
    return router.linkFault === undefined ? router.health.faults : [router.linkFault, ...router.health.faults];
  }

  #healthStep(router: Router): void {
    this.#step(router, { kind: "health", priority: router.health.priority, faults: this.#faultsOf(router) });
  }

  #onNetworkChange(): void {
    for (const event of this.#monitor.read()) {
      for (const router of this.#routers.values()) this.#onNetworkEvent(router, event);
    }
    if (Number.isFinite(this.#retryAtMs)) this.#openMissing();
  }

  #onNetworkEvent(router: Router, event: RouteEvent): void {
    const { port, settings } = router;
    if (event.kind === "link" && event.link.name === settings.device) {
      // An interface that came back under the same name is another one: its socket is bound to the old.
      if (port !== undefined && port.deviceIndex !== event.link.index) this.#close(router);
      if (router.port === undefined) this.#open(router);
      else router.linkFault = isUsable(event.link) ? undefined : `${settings.device} is down`;
      this.#healthStep(router);
    } else if (event.kind === "link-removed" && port?.deviceIndex === event.link.index) {
      this.#close(router);
      router.linkFault = `there is no interface ${settings.device}`;
      this.#healthStep(router);
    } else if (event.kind === "address-removed" && router.state.role === "master" && port !== undefined) {
      if (event.address.interfaceIndex !== port.deviceIndex || !port.isOurs(event.address.address)) return;
      port.holdAddresses();
      port.announce(1);
      const data = { name: settings.name, address: formatAddress(event.address.address), device: settings.device };
      this.#tell(router, [reason(vipReasons, "VIP_ADDRESS_TAKEN_AWAY", data)]);
    }
  }

  #onPackets(router: Router, port: RouterPort): void {
    for (let count = 0; count < PACKETS_PER_TURN; count += 1) {
      const received = port.receive();
      if (received.kind === "none") return;
      this.#onPacket(router, port, received);
      // A packet may have led to a step that closed the port.
      if (router.port !== port) return;
    }
  }

  #onPacket(router: Router, port: RouterPort, received: Received & { kind: "advert" }): void {
    const { settings } = router;
    const { decoded, from } = received;
    if (sameAddress(from, port.own)) return;
    if (settings.peers.length > 0 && !settings.peers.some((peer) => sameAddress(peer, from))) return;
    if (!decoded.ok) {
      this.#badPacket(router, formatAddress(from), decoded.detail);
      return;
    }
    const { advert } = decoded;
    // The socket hears all routers of the link; others are none of our business.
    if (advert.vrid !== settings.vrid) return;
    if (advert.version !== settings.version) {
      this.#badPacket(router, formatAddress(from), `version ${advert.version}, not ${settings.version}`);
    } else if (advert.password !== settings.password) {
      this.#badPacket(router, formatAddress(from), "its password is not ours");
    } else this.#step(router, { kind: "advert", advert, from, own: port.own });
  }

  #badPacket(router: Router, source: string, detail: string): void {
    const now = nowMs();
    if (now - router.toldBadPacketAtMs < TELL_BAD_PACKETS_MS) return;
    router.toldBadPacketAtMs = now;
    this.#tell(router, [reason(vipReasons, "VIP_BAD_PACKET", { name: router.settings.name, source, detail })]);
  }

  #step(router: Router, event: RouterEvent): void {
    const before = router.state;
    const { effects, reasons, state } = decideRouter(router.settings, before, event, nowMs());
    router.state = state;
    const { port } = router;
    for (const effect of effects) {
      if (port === undefined) break;
      switch (effect.kind) {
        case "advertise":
          port.advertise(effect.priority);
          break;
        case "takeAddresses":
        case "renewAddresses":
          port.holdAddresses();
          break;
        case "dropAddresses":
          port.dropAddresses();
          break;
        case "announce":
          port.announce(effect.count);
          break;
      }
    }
    if (reasons.length > 0 || before.role !== state.role || before.master?.priority !== state.master?.priority) {
      this.#tell(router, reasons);
    }
  }

  #tell(router: Router, reasons: readonly Reason[]): void {
    const { state } = router;
    const seen = state.master;
    this.#mailbox.send({
      kind: "event",
      view: {
        name: router.settings.name,
        role: state.role,
        priority: state.priority,
        faults: state.faults,
        ...(seen === undefined ? {} : { master: formatAddress(seen.address), masterPriority: seen.priority }),
      },
      problems: reasons.map((fact) => describe(vipReasons, fact)),
    });
  }
}
