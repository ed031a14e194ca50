/** The CARP groups of this host in the deadline thread: decisions come from `decide/carp`, effects go to `drive/carp`. */
import { monotonicNs } from "../../../../shared/drive/ffi/clock.ts";
import { POLL } from "../../../../shared/drive/ffi/poll.ts";
import type { PollLoop } from "../../../../shared/drive/ffi/poll-loop.ts";
import { type Link, isUsable } from "../../../../shared/drive/net/link-codec.ts";
import type { RouteEvent } from "../../../../shared/drive/net/route-monitor.ts";
import { describe, type Problem, type Reason, reason } from "../../../../shared/reason/catalogue.ts";
import { formatAddress } from "../../../../shared/text/address.ts";
import { carpDeadline, type CarpEffect, type CarpEvent, decideCarp } from "../../decide/carp/carp.ts";
import { CarpPort, type HeardCarp } from "../../drive/carp/carp-port.ts";
import { failureName, type Network } from "../../drive/router-port.ts";
import { CARP_BOW_OUT, type CarpSettings } from "../../model/carp/carp.ts";
import { carpReasons } from "../../model/carp/reasons.ts";
import type { Assignment, RouterCounters, RouterHealth, RouterView } from "../../model/messages.ts";
import { vipReasons } from "../../model/reasons.ts";
import type { ThreadPart } from "../run/thread-part.ts";
import { LiveCarp } from "./live-carp.ts";

/** Packets of one group handled in one turn. */
const PACKETS_PER_TURN = 64;
/** A group whose interface or password is missing looks for it this often. */
const RETRY_MS = 1_000;
/** Of a stream of equal mistakes one in this time is told. */
const TELL_AGAIN_MS = 10_000;

const now = (): number => monotonicNs() / 1e6;

export interface CarpHooks {
  readonly onTold: (view: RouterView, problems: readonly Problem[]) => void;
  readonly onGone: (name: string) => void;
}

export class CarpPart implements ThreadPart {
  readonly #groups = new Map<string, LiveCarp>();

  constructor(
    private readonly loop: PollLoop,
    private readonly network: Network,
    private readonly hooks: CarpHooks,
  ) {}

  use({ carps = [], health }: Assignment): void {
    const wanted = new Map(carps.map((settings) => [settings.name, settings]));
    for (const [name, group] of this.#groups) {
      const settings = wanted.get(name);
      if (settings !== undefined && identity(settings) === identity(group.settings)) {
        if (!same(settings, group.settings)) this.#change(group, settings);
        continue;
      }
      this.#end(group);
      this.#groups.delete(name);
      if (settings === undefined) this.hooks.onGone(name);
    }
    for (const settings of carps) {
      const known = health.find((one) => one.name === settings.name);
      const group = this.#groups.get(settings.name);
      if (group === undefined) this.#start(settings, known ?? { name: settings.name, adjustment: 0, faults: [] });
      else if (known !== undefined) this.health(known);
    }
  }

  /** Takes new settings over. A master stays master: only addresses that left the list go, only new ones come. */
  #change(group: LiveCarp, settings: CarpSettings): void {
    group.settings = settings;
    this.#reopen(group);
    this.#step(group, { kind: "health", faults: group.faults() });
  }

  /** A new port in the place of the old one; when there can't be one, the old one stays for the last words. */
  #reopen(group: LiveCarp): void {
    const before = group.port;
    this.#open(group);
    const { port } = group;
    if (before === undefined || port === undefined || before === port) return;
    this.loop.remove(before.fd);
    if (group.state.role === "master") {
      before.dropAllBut(port);
      port.take();
      port.announce(group.settings.announce.count);
      group.state = { ...group.state, advertAtMs: 0 };
    }
    before.close();
  }

  #start(settings: CarpSettings, health: RouterHealth): void {
    const group = new LiveCarp(settings, health);
    this.#groups.set(settings.name, group);
    this.#open(group);
    this.#step(group, { kind: "start", faults: group.faults() });
  }

  #open(group: LiveCarp): void {
    const opened = CarpPort.open(group.settings, this.network);
    if (typeof opened === "string") {
      group.linkFault = opened;
      group.retryAtMs = now() + RETRY_MS;
      return;
    }
    group.port = opened;
    group.retryAtMs = Number.POSITIVE_INFINITY;
    group.linkFault = isUsable(opened.link) ? undefined : `${group.settings.device} is down`;
    this.loop.add(opened.fd, POLL.IN, () => this.#onPackets(group, opened));
  }

  #close(group: LiveCarp): void {
    if (group.port === undefined) return;
    this.loop.remove(group.port.fd);
    group.port.close();
    group.port = undefined;
  }

  #end(group: LiveCarp): void {
    this.#step(group, { kind: "stop" });
    this.#close(group);
  }

  stop(): void {
    for (const group of this.#groups.values()) this.#end(group);
  }

  get done(): boolean {
    return [...this.#groups.values()].every((group) => group.state.role === "stopped");
  }

  health(health: RouterHealth): void {
    const group = this.#groups.get(health.name);
    if (group === undefined) return;
    group.health = health;
    this.#step(group, { kind: "health", faults: group.faults() });
  }

  nextDeadlineMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const group of this.#groups.values()) next = Math.min(next, carpDeadline(group.state), group.retryAtMs);
    return next;
  }

  onDeadline(nowMs: number): void {
    for (const group of this.#groups.values()) {
      if (nowMs >= group.retryAtMs) {
        this.#reopen(group);
        this.#step(group, { kind: "health", faults: group.faults() });
      }
      if (nowMs >= carpDeadline(group.state)) this.#step(group, { kind: "time" });
    }
  }

  onLink(link: Link, removed: boolean): void {
    for (const group of this.#groups.values()) {
      const { name } = link;
      if (group.settings.device !== name) continue;
      const other = group.port !== undefined && group.port.link.index !== link.index;
      group.linkFault = removed || other ? `there is no interface ${name}` : undefined;
      if (!removed && !isUsable(link)) group.linkFault = `${name} is down`;
      this.#step(group, { kind: "health", faults: group.faults() });
      if (removed || other) this.#close(group);
      if (group.port === undefined && group.state.role !== "stopped") group.retryAtMs = removed ? now() + RETRY_MS : 0;
    }
  }

  onAddressRemoved(event: RouteEvent & { kind: "address-removed" }): void {
    const { address, interfaceIndex } = event.address;
    for (const group of this.#groups.values()) {
      const { port, settings, state } = group;
      if (state.role !== "master" || port?.isOurs(interfaceIndex, address) !== true) continue;
      port.take();
      port.announce(1);
      const data = { name: settings.name, address: formatAddress(address), device: settings.device };
      this.#tell(group, [describe(vipReasons, reason(vipReasons, "VIP_ADDRESS_TAKEN_AWAY", data))]);
    }
  }

  counters(): readonly RouterCounters[] {
    return [...this.#groups.values()].map((group) => group.counters());
  }

  #onPackets(group: LiveCarp, port: CarpPort): void {
    for (let count = 0; count < PACKETS_PER_TURN && group.port === port; count += 1) {
      const heard = port.receive();
      if (heard === undefined) return;
      if (heard !== null) this.#onPacket(group, port, heard);
    }
  }

  #onPacket(group: LiveCarp, port: CarpPort, { decoded, from }: HeardCarp): void {
    if (!decoded.ok) {
      this.#badPacket(group, formatAddress(from), decoded.detail);
      return;
    }
    const { advert } = decoded;
    if (group.heardBefore(advert.counter)) {
      this.#badPacket(group, formatAddress(from), "a packet with this counter was heard before: somebody repeats it");
      return;
    }
    const leaving = advert.base === CARP_BOW_OUT.base && advert.skew === CARP_BOW_OUT.skew;
    group.counts[leaving ? "stopsReceived" : "advertsReceived"] += 1;
    const rank = { base: advert.base, skew: advert.skew };
    this.#step(group, { kind: "advert", rank, from, own: port.own });
  }

  #badPacket(group: LiveCarp, source: string, detail: string): void {
    group.counts.badPackets += 1;
    const nowMs = now();
    if (nowMs - group.toldBadPacketAtMs < TELL_AGAIN_MS) return;
    group.toldBadPacketAtMs = nowMs;
    const fact = reason(carpReasons, "VIP_CARP_BAD_PACKET", { name: group.name, source, detail });
    this.#tell(group, [describe(carpReasons, fact)]);
  }

  #step(group: LiveCarp, event: CarpEvent): void {
    const before = group.state;
    const nowMs = now();
    const { effects, reasons, state } = decideCarp(group.settings, before, event, nowMs);
    group.state = state;
    const told: Reason[] = [...reasons];
    for (const effect of effects) this.#carryOut(group, effect, told, nowMs);
    if (before.role !== "master" && state.role === "master") group.counts.becameMaster += 1;
    if (before.role === "master" && state.role !== "master") group.counts.leftMaster += 1;
    const masterChanged = before.master === undefined && state.master !== undefined;
    if (told.length === 0 && before.role === state.role && !masterChanged) return;
    this.#tell(
      group,
      told.map((fact) => describe(carpReasons, fact)),
    );
  }

  #carryOut(group: LiveCarp, effect: CarpEffect, told: Reason[], nowMs: number): void {
    const { name, port } = group;
    if (port === undefined) return;
    switch (effect.kind) {
      case "advertise": {
        const sent = port.advertise(effect.rank);
        group.counts[effect.rank === CARP_BOW_OUT ? "stopsSent" : "advertsSent"] += 1;
        if (sent >= 0 || nowMs - group.toldSendFailedAtMs < TELL_AGAIN_MS) return;
        group.toldSendFailedAtMs = nowMs;
        told.push(reason(carpReasons, "VIP_CARP_SEND_FAILED", { name, detail: failureName(sent) }));
        break;
      }
      case "takeAddresses":
        for (const refusal of port.take()) {
          told.push(reason(carpReasons, "VIP_CARP_ADDRESS_REFUSED", { name, ...refusal }));
        }
        break;
      case "renewAddresses":
        port.renew();
        break;
      case "dropAddresses":
        port.drop();
        break;
      case "announce":
        group.counts.announcements += effect.count;
        port.announce(effect.count);
        break;
    }
  }

  #tell(group: LiveCarp, problems: readonly Problem[]): void {
    this.hooks.onTold(group.view(), problems);
  }
}

/** With another one of these it is another group. */
function identity({ device, vhid }: CarpSettings): string {
  return `${vhid} ${device}`;
}

function same(left: CarpSettings, right: CarpSettings): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
