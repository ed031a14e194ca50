/**
 * Hosts with ha-vip's own state machine on a link with a client, under virtual time. Nothing real: no socket, no clock.
 * The kernel's part is played, too: addresses with a lifetime, announcements that clients believe.
 */
import {
  type Decision,
  deadlineOf,
  decideRouter,
  type RouterEvent,
  type RouterState,
  STOPPED,
} from "../../../tools/ha-vip/decide/router.ts";
import type { RouterEffect } from "../../../tools/ha-vip/decide/router-state.ts";
import type { WitnessBook } from "../../../tools/ha-vip/decide/witness.ts";
import type { Advert } from "../../../tools/ha-vip/model/packet.ts";
import { ADDRESS_LIFETIME_S, type RouterSettings } from "../../../tools/ha-vip/model/router.ts";
import { formatAddress, type IpAddress, sameAddress } from "../../../shared/text/address.ts";

/** Wall clock of a host whose clock nobody moved. */
const WALL_MS = 1_700_000_000_000;
/** The kernel removes an address within a second after its lifetime. */
const KERNEL_MS = ADDRESS_LIFETIME_S * 1000;
/** Steps of one `run` that no scenario reaches. */
const MOST_STEPS = 1_000_000;

export interface Host {
  readonly name: string;
  readonly own: IpAddress;
  settings: RouterSettings;
  state: RouterState;
  /** The address is on its interface until then; -Infinity for not at all. */
  untilMs: number;
  frozen: boolean;
  dead: boolean;
  /** Somebody outside the cluster who answers for the address. */
  stranger: string | undefined;
  wallMs: number;
  sent: number;
  announced: number;
}

interface Delivery {
  readonly atMs: number;
  readonly order: number;
  readonly to: string;
  readonly act: () => void;
}

export class World {
  readonly hosts = new Map<string, Host>();
  readonly lines: string[] = [];
  nowMs = 0;
  delayMs = 1;
  /** Where the client sends what is for the address. */
  client: string | undefined;
  /** Frames thrown away: every nth. 0 for none. */
  loseEvery = 0;
  /** Longest times with two owners and with none, since they were last asked for. */
  twoMs = 0;
  noneMs = 0;
  witness: WitnessBook | undefined;
  readonly #cut = new Set<string>();
  #deliveries: Delivery[] = [];
  #order = 0;
  #frames = 0;
  #owners = 0;
  #ownersSinceMs = 0;

  add(name: string, own: IpAddress, settings: RouterSettings): void {
    const common = { frozen: false, dead: false, stranger: undefined, wallMs: WALL_MS, sent: 0, announced: 0 };
    this.hosts.set(name, { name, own, settings, state: STOPPED, untilMs: Number.NEGATIVE_INFINITY, ...common });
  }

  host(name: string): Host {
    const host = this.hosts.get(name);
    if (host === undefined) throw new Error(`there is no ${name}`);
    return host;
  }

  has(host: Host): boolean {
    return host.untilMs > this.nowMs;
  }

  owners(): string[] {
    return [...this.hosts.values()].filter((host) => this.has(host)).map((host) => host.name);
  }

  /** Frames from one host to the other are lost; `client` is a host here. */
  cut(from: string, to: string): void {
    this.#cut.add(`${from}>${to}`);
  }

  heal(): void {
    this.#cut.clear();
  }

  give(host: Host, event: RouterEvent): void {
    if (host.dead || host.frozen) return;
    const before = host.state.role;
    const decision: Decision = decideRouter(host.settings, host.state, event, this.nowMs);
    host.state = decision.state;
    for (const { code } of decision.reasons) this.say(host.name, code);
    for (const effect of decision.effects) this.#carryOut(host, effect);
    if (before !== host.state.role) this.say(host.name, `is ${host.state.role}`);
    this.#count();
  }

  /** Everything of ours on the host is dead; without power, its addresses are gone, too. */
  kill(host: Host, power: boolean): void {
    host.dead = true;
    if (power) host.untilMs = Number.NEGATIVE_INFINITY;
    this.#count();
  }

  say(name: string, what: string): void {
    this.lines.push(`${Math.round(this.nowMs)} ${name}: ${what}`);
  }

  #carryOut(host: Host, effect: RouterEffect): void {
    switch (effect.kind) {
      case "advertise":
        host.sent += 1;
        this.#toOthers(host, (other) => this.#advert(host, effect.priority, other));
        return;
      case "takeAddresses":
      case "renewAddresses":
        if (effect.kind === "takeAddresses" && !this.has(host)) this.say(host.name, "has the address");
        host.untilMs = this.nowMs + KERNEL_MS;
        return;
      case "dropAddresses":
        if (this.has(host)) this.say(host.name, "drops the address");
        host.untilMs = Number.NEGATIVE_INFINITY;
        return;
      case "announce":
        host.announced += effect.count;
        this.#send(host.name, "client", () => {
          this.client = host.name;
        });
        return;
      case "probe":
        this.#later(host.name, effect.intervalMs, () => this.#answerProbe(host));
        return;
      case "handOver": {
        const { message, to } = effect;
        this.#toOthers(host, (other) => {
          if (to === undefined || sameAddress(to, other.own))
            this.give(other, { kind: "handOver", message, from: host.own });
        });
        return;
      }
      case "askWitness":
        this.#send(host.name, "witness", () => this.#ask(host));
        return;
    }
  }

  #advert(from: Host, priority: number, to: Host): void {
    const { addresses, intervalMs, version, vrid } = from.settings;
    const advert: Advert = { version, vrid, priority, intervalMs, addresses: addresses.map((one) => one.address) };
    if (vrid === to.settings.vrid) this.give(to, { kind: "advert", advert, from: from.own, own: to.own });
  }

  #answerProbe(host: Host): void {
    const address = formatAddress(host.settings.addresses[0]?.address ?? host.own);
    const holder = [...this.hosts.values()].find(
      (other) => other !== host && this.has(other) && this.#reaches(host.name, other.name),
    );
    const mac = host.stranger ?? holder?.name;
    this.give(host, { kind: "probe", answer: mac === undefined ? { kind: "free" } : { kind: "taken", address, mac } });
  }

  #ask(host: Host): void {
    const wish = {
      subject: "vip",
      host: host.name,
      holds: host.state.role === "master",
      atMs: host.wallMs + this.nowMs,
    };
    const grant = this.witness?.ask(wish, this.nowMs, WALL_MS + this.nowMs);
    if (grant === undefined) return;
    const { granted, holder } = grant;
    this.#send("witness", host.name, () => this.give(host, { kind: "witness", granted, holder }));
  }

  #reaches(from: string, to: string): boolean {
    return !this.#cut.has(`${from}>${to}`) && !this.#cut.has(`${to}>${from}`);
  }

  #toOthers(host: Host, act: (other: Host) => void): void {
    for (const other of this.hosts.values()) {
      if (other !== host) this.#send(host.name, other.name, () => act(other));
    }
  }

  #send(from: string, to: string, act: () => void): void {
    this.#frames += 1;
    const lost = this.loseEvery > 0 && this.#frames % this.loseEvery === 0;
    if (!lost && !this.#cut.has(`${from}>${to}`)) this.#later(to, this.delayMs, act);
  }

  #later(to: string, afterMs: number, act: () => void): void {
    this.#order += 1;
    this.#deliveries.push({ atMs: this.nowMs + afterMs, order: this.#order, to, act });
    this.#deliveries.sort((left, right) => left.atMs - right.atMs || left.order - right.order);
  }

  /** Lets time pass. What arrives at a frozen host waits in its sockets. */
  run(ms: number): void {
    const endMs = this.nowMs + ms;
    for (let step = 0; step < MOST_STEPS; step += 1) {
      const host = this.#nextHost();
      const delivery = this.#deliveries.find(({ to }) => this.hosts.get(to)?.frozen !== true);
      const deadlineMs = host === undefined ? Number.POSITIVE_INFINITY : deadlineOf(host.state);
      // A thread that wakes up late reads its sockets before it looks at its deadlines.
      const waits = delivery !== undefined && delivery.atMs <= this.nowMs;
      const atMs = waits
        ? delivery.atMs
        : Math.min(deadlineMs, delivery?.atMs ?? Number.POSITIVE_INFINITY, this.#nextExpiry());
      if (atMs > endMs) {
        this.nowMs = endMs;
        this.#count();
        return;
      }
      this.nowMs = Math.max(this.nowMs, atMs);
      if (atMs === delivery?.atMs) {
        this.#deliveries = this.#deliveries.filter((one) => one !== delivery);
        delivery.act();
      } else if (host !== undefined && atMs === deadlineMs) this.give(host, { kind: "time" });
      this.#expire();
      this.#count();
    }
    throw new Error("a scenario without end");
  }

  #nextHost(): Host | undefined {
    const awake = [...this.hosts.values()].filter((host) => !host.dead && !host.frozen);
    return awake.toSorted((left, right) => deadlineOf(left.state) - deadlineOf(right.state))[0];
  }

  #nextExpiry(): number {
    return Math.min(...[...this.hosts.values()].filter((host) => this.has(host)).map((host) => host.untilMs));
  }

  #expire(): void {
    for (const host of this.hosts.values()) {
      if (host.untilMs !== this.nowMs) continue;
      host.untilMs = Number.NEGATIVE_INFINITY;
      this.say(host.name, "loses the address to the kernel");
    }
  }

  #count(): void {
    const now = this.owners().length;
    const lastedMs = this.nowMs - this.#ownersSinceMs;
    if (this.#owners > 1) this.twoMs = Math.max(this.twoMs, lastedMs);
    if (this.#owners === 0) this.noneMs = Math.max(this.noneMs, lastedMs);
    if (now === this.#owners) return;
    this.#owners = now;
    this.#ownersSinceMs = this.nowMs;
  }

  /** Forgets the longest times so far; what lasts now counts from now. */
  forgetTimes(): void {
    this.#count();
    this.twoMs = 0;
    this.noneMs = 0;
    this.#ownersSinceMs = this.nowMs;
  }
}
