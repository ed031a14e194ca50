/**
 * The deadline thread of ha-vip: all routers of this host, their sockets, addresses and timers in one `ppoll`.
 * Decisions come from `decide/`, effects go to `drive/`; nothing here waits for a script, a disk or a lock.
 */
import type { WorkerMailbox } from "../../../../shared/drive/ffi/mailbox.ts";
import { monotonicNs } from "../../../../shared/drive/ffi/clock.ts";
import { becomeDeadlineThread } from "../../../../shared/drive/ffi/deadline-thread.ts";
import { POLL } from "../../../../shared/drive/ffi/poll.ts";
import { PollLoop } from "../../../../shared/drive/ffi/poll-loop.ts";
import { type Link, isUsable } from "../../../../shared/drive/net/link-codec.ts";
import { PacketSocket } from "../../../../shared/drive/net/packet-socket.ts";
import { RouteClient } from "../../../../shared/drive/net/route-client.ts";
import { type RouteEvent, RouteMonitor } from "../../../../shared/drive/net/route-monitor.ts";
import { describe, type Reason, reason } from "../../../../shared/reason/catalogue.ts";
import { formatAddress } from "../../../../shared/text/address.ts";
import { deviceHealth } from "../../decide/check.ts";
import { withGroupFaults } from "../../decide/sync-group.ts";
import { type Network, RouterPort } from "../../drive/router-port.ts";
import { Speakers } from "../../drive/speakers.ts";
import type { Assignment, ToMain, ToWorker } from "../../model/messages.ts";
import { vipReasons } from "../../model/reasons.ts";
import type { RouterSettings } from "../../model/router.ts";
import { FurtherParts } from "./further-parts.ts";
import { Listener } from "./listener.ts";
import { LiveRouter } from "./live-router.ts";
import { applySettings, planReload } from "./reload.ts";
import { RouterSteps } from "./router-steps.ts";
import { WitnessAsker } from "./witness-asker.ts";

/** Above ordinary programs and below the kernel's own threads, which serve the network card. */
const REAL_TIME_PRIORITY = 40;
/** A router whose interface is missing looks for it this often, besides at every change of interfaces. */
const RETRY_MS = 1_000;
const CAPACITY = 4096;
/** While the daemon ends, other protocols are asked this often whether they have said their last words. */
const PARTS_END_MS = 20;

const nowMs = (): number => monotonicNs() / 1e6;

export class RouterThread {
  readonly #mailbox: WorkerMailbox<ToMain, ToWorker>;
  readonly #network: Network;
  readonly #monitor = RouteMonitor.open(["link", "address-removed"]);
  readonly #loop: PollLoop;
  readonly #speakers: Speakers;
  readonly #steps: RouterSteps;
  readonly #witness: WitnessAsker;
  /** Further protocols. */
  readonly #parts: FurtherParts;
  readonly #usable = new Map<string, boolean>();
  #retryAtMs = Number.POSITIVE_INFINITY;
  /** When routers that have stopped are put away: after the step that stopped them, never within it. */
  #tidyAtMs = Number.POSITIVE_INFINITY;
  #worstLateMs = 0;
  #stopping = false;

  constructor(mailbox: WorkerMailbox<ToMain, ToWorker>) {
    this.#mailbox = mailbox;
    this.#network = { routes: RouteClient.open(), packets: PacketSocket.openSender() };
    this.#loop = new PollLoop({
      capacity: CAPACITY,
      nextDeadlineNs: () => this.#nextDeadlineNs(),
      onDeadline: (atNs) => this.#onDeadline(atNs),
    });
    this.#steps = new RouterSteps(this.#network, this.#loop, {
      onTold: (router, reasons) => this.#tell(router, reasons),
      onWitness: (router) => this.#witness.ask(router),
    });
    this.#witness = new WitnessAsker(this.#loop, (name, granted, holder) => {
      const router = this.#steps.routers.get(name);
      if (router !== undefined) this.#steps.step(router, { kind: "witness", granted, holder });
    });
    const listener = new Listener(this.#loop, this.#steps, (router, reasons) => this.#tell(router, reasons));
    this.#speakers = new Speakers({
      onOpen: (speaker) => listener.listen(speaker),
      onClose: (speaker) => listener.leave(speaker),
    });
    this.#parts = new FurtherParts(this.#loop, this.#network, {
      onTold: (view, problems) => void mailbox.send({ kind: "event", view, problems, lowerHeard: false }),
      onGone: (name) => void mailbox.send({ kind: "gone", name }),
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

  #nextDeadlineNs(): number {
    const routersNs = Math.min(this.#retryAtMs, this.#tidyAtMs, this.#steps.nextDeadlineMs()) * 1e6;
    return Math.min(routersNs, this.#steps.probes.nextDeadlineNs(), this.#parts.nextDeadlineMs() * 1e6);
  }

  #onDeadline(atNs: number): void {
    const now = atNs / 1e6;
    if (now >= this.#retryAtMs) this.#openMissing();
    this.#worstLateMs = Math.max(this.#worstLateMs, this.#steps.onDeadline(now));
    if (this.#steps.probes.nextDeadlineNs() <= atNs) this.#steps.probes.onDeadline(atNs);
    this.#parts.onDeadline(now);
    if (now < this.#tidyAtMs) return;
    this.#tidyAtMs = Number.POSITIVE_INFINITY;
    this.#endIfDone();
  }

  #onMail(): void {
    for (const message of this.#mailbox.receive()) {
      switch (message.kind) {
        case "start":
          this.#start(message.assignment);
          break;
        case "reload":
          this.#reload(message.assignment);
          break;
        case "health": {
          const router = this.#steps.routers.get(message.health.name);
          if (router !== undefined) router.health = message.health;
          for (const part of this.#parts.all) part.health(message.health);
          this.#healthSteps();
          break;
        }
        case "report":
          this.#report();
          break;
        case "stop":
          this.#stop();
          break;
      }
    }
  }

  #start(assignment: Assignment): void {
    this.#steps.groups = assignment.groups;
    this.#witness.use(assignment.witness);
    for (const settings of assignment.routers) this.#add(settings, assignment);
    this.#begin([...this.#steps.routers.values()]);
    this.#parts.use(assignment);
  }

  #add(settings: RouterSettings, { health }: Assignment): LiveRouter {
    const { name } = settings;
    const known = health.find((one) => one.name === name) ?? { name, adjustment: 0, faults: [] };
    const router = new LiveRouter(settings, known, 0);
    this.#steps.routers.set(name, router);
    this.#open(router);
    return router;
  }

  /** Starts routers when all of them are known, because faults spread over groups. */
  #begin(routers: readonly LiveRouter[]): void {
    this.#steps.reindex();
    this.#refreshFaults();
    for (const router of routers) {
      this.#steps.step(router, { kind: "start", priority: router.priority(), faults: router.faults() });
    }
  }

  #reload(assignment: Assignment): void {
    const { routers } = this.#steps;
    const running = new Map([...routers].map(([name, router]) => [name, router.settings]));
    const plan = planReload(running, assignment.routers);
    this.#steps.groups = assignment.groups;
    this.#witness.use(assignment.witness);
    for (const name of plan.removed) {
      const router = routers.get(name);
      if (router !== undefined) {
        router.removing = true;
        this.#steps.step(router, { kind: "stop" });
        this.#forgetStopped();
      }
    }
    for (const { name, settings } of plan.changed) {
      const router = routers.get(name);
      if (router !== undefined) applySettings(router, settings, this.#network, this.#speakers, this.#steps);
    }
    for (const health of assignment.health) {
      const router = routers.get(health.name);
      if (router !== undefined) router.health = health;
    }
    // One that is still handing over keeps its name until it is done.
    const free = plan.added.filter((settings) => !routers.has(settings.name));
    this.#begin(free.map((settings) => this.#add(settings, assignment)));
    this.#healthSteps();
    this.#parts.use(assignment);
    const counts = { added: free.length, changed: plan.changed.length, removed: plan.removed.length, kept: plan.kept };
    this.#mailbox.send({ kind: "reloaded", counts });
  }

  #stop(): void {
    this.#stopping = true;
    for (const router of this.#steps.routers.values()) this.#steps.step(router, { kind: "stop" });
    for (const part of this.#parts.all) part.stop();
    this.#endIfDone();
  }

  /** Routers that hand over take a few milliseconds more. */
  #endIfDone(): void {
    this.#forgetStopped();
    if (!this.#stopping || [...this.#steps.routers.values()].some((one) => one.state.role !== "stopped")) return;
    if (!this.#parts.done) {
      this.#tidyAtMs = nowMs() + PARTS_END_MS;
      return;
    }
    for (const router of this.#steps.routers.values()) this.#close(router, true);
    this.#loop.stop();
  }

  #forgetStopped(): void {
    let changed = false;
    for (const [name, router] of this.#steps.routers) {
      if (!router.removing || router.state.role !== "stopped") continue;
      this.#close(router, true);
      this.#steps.routers.delete(name);
      this.#mailbox.send({ kind: "gone", name });
      changed = true;
    }
    if (changed) this.#steps.reindex();
  }

  #open(router: LiveRouter): void {
    const { device, trackOwnDevice } = router.settings;
    const opened = RouterPort.open(router.settings, this.#network, this.#speakers);
    if (typeof opened === "string") {
      router.linkFault = opened;
      this.#retryAtMs = nowMs() + RETRY_MS;
      return;
    }
    router.port = opened;
    router.linkFault = isUsable(opened.link) || !trackOwnDevice ? undefined : `${device} is down`;
  }

  #close(router: LiveRouter, last: boolean): void {
    this.#steps.probes.cancel(router.name);
    router.port?.close(this.#speakers, { last });
    router.port = undefined;
  }

  #openMissing(): void {
    this.#retryAtMs = Number.POSITIVE_INFINITY;
    for (const router of this.#steps.routers.values()) {
      if (router.port === undefined && !router.removing) this.#open(router);
    }
    this.#healthSteps();
  }

  #isUp(device: string): boolean {
    const known = this.#usable.get(device);
    if (known !== undefined) return known;
    const link = this.#network.routes.link(device);
    const up = link.ok && isUsable(link.value);
    this.#usable.set(device, up);
    return up;
  }

  /** Faults of interfaces and groups, as they are now. */
  #refreshFaults(): void {
    const routers = [...this.#steps.routers.values()];
    for (const router of routers) {
      const { adjustment, faults } = deviceHealth(router.settings.trackedDevices, (device) => this.#isUp(device));
      router.deviceFaults = faults;
      router.deviceAdjustment = adjustment;
    }
    if (this.#steps.groups.length === 0) return;
    const own = new Map(routers.map((router) => [router.name, router.ownFaults()]));
    const all = withGroupFaults(this.#steps.groups, own);
    for (const router of routers) {
      router.groupFaults = (all.get(router.name) ?? []).slice(router.ownFaults().length);
    }
  }

  /** Tells every router how healthy it is; those to whom it is no news do nothing. */
  #healthSteps(): void {
    this.#refreshFaults();
    for (const router of this.#steps.routers.values()) {
      const mute = router.linkFault !== undefined;
      this.#steps.step(router, { kind: "health", priority: router.priority(), faults: router.faults(), mute });
    }
  }

  #onNetworkChange(): void {
    let linksChanged = false;
    for (const event of this.#monitor.read()) {
      if (event.kind === "link" || event.kind === "link-removed") {
        this.#onLink(event.link, event.kind === "link-removed");
        for (const part of this.#parts.all) part.onLink(event.link, event.kind === "link-removed");
        linksChanged = true;
      } else if (event.kind === "address-removed") {
        this.#onAddressRemoved(event);
        for (const part of this.#parts.all) part.onAddressRemoved(event);
      } else if (event.kind === "overrun") this.#usable.clear();
    }
    if (!linksChanged) return;
    if (Number.isFinite(this.#retryAtMs)) this.#openMissing();
    else this.#healthSteps();
  }

  #onLink(link: Link, removed: boolean): void {
    this.#usable.set(link.name, !removed && isUsable(link));
    for (const router of this.#steps.routers.values()) {
      const { port, settings } = router;
      if (settings.device !== link.name) continue;
      // An interface that came back under the same name is another one: its socket is bound to the old.
      if (port !== undefined && (removed || port.link.index !== link.index)) {
        router.linkFault = `there is no interface ${link.name}`;
        this.#healthSteps();
        this.#close(router, false);
      }
      if (removed) continue;
      if (router.port === undefined) this.#retryAtMs = 0;
      else router.linkFault = isUsable(link) || !settings.trackOwnDevice ? undefined : `${link.name} is down`;
    }
  }

  #onAddressRemoved(event: RouteEvent & { kind: "address-removed" }): void {
    const { address, interfaceIndex } = event.address;
    for (const router of this.#steps.routers.values()) {
      const { port, settings } = router;
      if (router.state.role !== "master" || port?.isOurs(interfaceIndex, address) !== true) continue;
      port.take();
      port.announce(1);
      const data = { name: settings.name, address: formatAddress(address), device: settings.device };
      this.#tell(router, [reason(vipReasons, "VIP_ADDRESS_TAKEN_AWAY", data)]);
    }
  }

  #report(): void {
    const routers = [...this.#steps.routers.values()].map((router) => router.counters());
    routers.push(...this.#parts.all.flatMap((part) => part.counters()));
    this.#mailbox.send({ kind: "report", report: { routers, worstLateMs: this.#worstLateMs } });
    this.#worstLateMs = 0;
  }

  #tell(router: LiveRouter, reasons: readonly Reason[]): void {
    const problems = reasons.map((fact) => describe(vipReasons, fact));
    if (router.state.role === "stopped") this.#tidyAtMs = 0;
    const { lowerHeard } = router;
    router.lowerHeard = false;
    this.#mailbox.send({ kind: "event", view: router.view(), problems, lowerHeard });
  }
}
