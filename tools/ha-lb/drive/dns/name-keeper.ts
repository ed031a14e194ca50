/**
 * Keeps the addresses of servers that are named by a `resolvers` section: looks their names up again and again, and
 * puts what changed in force. One look-up serves all servers of the same name.
 */
import { assignAddresses, assignServices, weightOfService } from "../../decide/dns/assign.ts";
import type { Answer, Failure, Service } from "../../decide/dns/answer.ts";
import { type Known, learn, NOTHING_KNOWN } from "../../decide/dns/known.ts";
import type { QuestionType } from "../../decide/dns/message.ts";
import type { ServerResolution } from "../../model/server.ts";
import type { DataPlane } from "../plane.ts";
import type { ServerRuntime } from "../runtime.ts";
import { setAddress, setWeight } from "../server-admin.ts";
import { nowMs, Timed, wheel } from "../timer-wheel.ts";
import type { NameServer } from "./name-server.ts";
import { Resolver } from "./resolver.ts";

/** What the operator is told. */
export type NameEvent =
  | {
      readonly kind: "address";
      readonly server: ServerRuntime;
      readonly from: string;
      readonly to: string;
      readonly by: string;
    }
  | { readonly kind: "target"; readonly server: ServerRuntime; readonly from: string; readonly to: string }
  /** No good answer for longer than `hold` says; what was known stays. */
  | { readonly kind: "failing"; readonly server: ServerRuntime; readonly name: string; readonly failure: Failure }
  | { readonly kind: "recovered"; readonly server: ServerRuntime; readonly name: string };

/** The first look-ups are spread over this long. */
const SPREAD_MS = 200;

/** A name that is looked up again and again. */
class Watched extends Timed {
  known: Known = NOTHING_KNOWN;
  /** The failure was told; it is told once. */
  told = false;

  constructor(
    readonly key: string,
    readonly resolver: Resolver,
    readonly name: string,
    readonly types: readonly QuestionType[],
    private readonly due: (watched: Watched) => void,
  ) {
    super();
  }
  override onDeadline(): void {
    this.due(this);
  }
}

interface Seat {
  readonly server: ServerRuntime;
  readonly resolution: ServerResolution;
  /** The name on its line, or that a command gave. */
  name: string;
  key: string;
  readonly isService: boolean;
  service: Service | undefined;
}

export class NameKeeper {
  readonly resolvers = new Map<string, Resolver>();
  private readonly watched = new Map<string, Watched>();
  private readonly seats: Seat[] = [];
  private stopped = false;

  constructor(
    private readonly plane: DataPlane,
    private readonly onEvent: (event: NameEvent) => void,
  ) {
    for (const [name, settings] of plane.configuration.resolvers) this.resolvers.set(name, new Resolver(settings));
    for (const backend of plane.backends.values()) {
      for (const server of backend.servers) {
        const { address, resolution } = server.settings;
        if (address.kind !== "name" || resolution === undefined) continue;
        const isService = address.host.startsWith("_");
        const service = isService ? server.service : undefined;
        const name = server.fqdn;
        this.seats.push({ server, resolution, name, key: keyOf(resolution, name), isService, service });
      }
    }
  }

  start(): void {
    for (const seat of this.seats) this.watch(seat, seat.name, seat.isService ? ["SRV"] : undefined);
    // After a reload, targets of services are known already.
    for (const seat of this.seats) this.followTarget(seat);
    for (const [index, watched] of [...this.watched.values()].entries()) {
      wheel.set(watched, nowMs() + Math.min(index, SPREAD_MS));
    }
  }

  /** A command gives a server another name. Its address stays until that one resolves. */
  rename(server: ServerRuntime, name: string): void {
    server.fqdn = name;
    const seat = this.seats.find((one) => one.server === server);
    if (seat === undefined) return;
    seat.name = name;
    seat.key = keyOf(seat.resolution, name);
    const known = this.watched.has(seat.key);
    const watched = this.watch(seat, name);
    if (watched === undefined) return;
    if (!known) wheel.set(watched, nowMs());
    else if (watched.known.addresses.length > 0) this.seatAddresses(this.seatsIn(seat), watched, "DNS cache");
  }

  /** Those of the same backend that share its name: they have different addresses. */
  private seatsIn({ key, server }: Seat): readonly Seat[] {
    return this.seats.filter((one) => one.key === key && one.server.backend === server.backend);
  }

  stop(): void {
    this.stopped = true;
    for (const watched of this.watched.values()) wheel.remove(watched);
    for (const resolver of this.resolvers.values()) resolver.close();
  }

  private keyOf({ resolution }: Seat, name: string): string {
    return keyOf(resolution, name);
  }

  private watch(seat: Seat, name: string, types?: readonly QuestionType[]): Watched | undefined {
    const resolver = this.resolvers.get(seat.resolution.resolvers);
    if (resolver === undefined) return undefined;
    const key = this.keyOf(seat, name);
    const families: readonly QuestionType[] = seat.resolution.prefer === 4 ? ["A", "AAAA"] : ["AAAA", "A"];
    let watched = this.watched.get(key);
    if (watched === undefined) {
      watched = new Watched(key, resolver, name, types ?? families, (one) => this.lookUp(one));
      this.watched.set(key, watched);
    }
    return watched;
  }

  private lookUp(watched: Watched): void {
    const { resolver } = watched;
    resolver.lookUp(watched.name, watched.types, (answer, by) => {
      if (this.stopped) return;
      this.take(watched, answer, by);
      // A name that no server needs any more isn't asked for again.
      if (this.seatsOf(watched).length === 0) this.watched.delete(watched.key);
      else wheel.set(watched, nowMs() + resolver.settings.timeoutResolveMs);
    });
  }

  private seatsOf({ key }: Watched): readonly Seat[] {
    return this.seats.filter(
      (seat) => seat.key === key || (seat.service !== undefined && this.keyOf(seat, seat.service.target) === key),
    );
  }

  private take(watched: Watched, answer: Answer, by: NameServer | undefined): void {
    const { holdMs } = watched.resolver.settings;
    watched.known = learn(watched.known, answer, holdMs.obsolete, nowMs());
    const seats = this.seatsOf(watched);
    if (answer.kind === "failure") {
      this.tellFailure(watched, seats, answer.failure);
      return;
    }
    if (watched.told) for (const { server } of seats) this.onEvent({ kind: "recovered", server, name: watched.name });
    watched.told = false;
    const source = by === undefined ? "DNS cache" : `${watched.resolver.settings.name}/${by.settings.name}`;
    for (const backend of new Set(seats.map((seat) => seat.server.backend))) {
      const own = seats.filter((seat) => seat.server.backend === backend);
      const changed =
        answer.kind === "services" ? this.seatServices(own, watched) : this.seatAddresses(own, watched, source);
      if (changed && by !== undefined) by.counters.update += 1;
    }
  }

  /** What was known stays in force; that it may be outdated is told once, after `hold`. */
  private tellFailure(watched: Watched, seats: readonly Seat[], failure: Failure): void {
    const { holdMs } = watched.resolver.settings;
    const sinceMs = watched.known.failing?.sinceMs ?? nowMs();
    if (watched.told || nowMs() - sinceMs < holdMs[failure === "empty" ? "other" : failure]) return;
    watched.told = true;
    for (const { server } of seats) this.onEvent({ kind: "failing", server, name: watched.name, failure });
  }

  private seatAddresses(seats: readonly Seat[], { known }: Watched, by: string): boolean {
    const asked = seats.map(({ server, resolution, isService }) => ({
      current: server.host,
      networks: resolution.networks,
      // Services differ by port.
      sharesAddresses: isService || resolution.options.includes("allow-dup-ip"),
    }));
    const found = assignAddresses(
      asked,
      known.addresses.map(({ value }) => value),
    );
    return seats.map((seat, index) => this.give(seat, found[index] ?? "", portOf(seat), by)).some(Boolean);
  }

  private seatServices(seats: readonly Seat[], { known }: Watched): boolean {
    const found = assignServices(
      seats.map((seat) => seat.service),
      known.services.map(({ value }) => value),
    );
    let changed = false;
    for (const [index, seat] of seats.entries()) {
      const before = seat.service;
      const service = found[index];
      seat.service = service;
      seat.server.service = service;
      if (before?.target !== service?.target || before?.port !== service?.port) {
        changed = true;
        const { server } = seat;
        const [from, to] = [before?.target ?? "", service?.target ?? ""];
        if (from !== to) this.onEvent({ kind: "target", server, from, to });
        // Addresses of another target are none of this one.
        this.give(seat, from === to ? server.host : "", portOf(seat), "SRV record");
      }
      if (service === undefined) continue;
      if (!seat.resolution.options.includes("ignore-weight")) {
        const weight = weightOfService(service.weight);
        if (weight !== seat.server.wantedWeight) setWeight(this.plane, seat.server, weight);
      }
      this.followTarget(seat);
    }
    return changed;
  }

  /** A service's addresses: those that came with it, or a look-up of its name. */
  private followTarget(seat: Seat): void {
    const { service } = seat;
    if (service === undefined) return;
    const [first] = service.addresses;
    if (first !== undefined) {
      const stays = service.addresses.some((address) => address.toString() === seat.server.host);
      if (!stays) this.give(seat, first.toString(), service.port, "SRV record");
      return;
    }
    const known = this.watched.has(this.keyOf(seat, service.target));
    const watched = this.watch(seat, service.target);
    if (watched === undefined) return;
    if (!known) wheel.set(watched, nowMs());
    else if (watched.known.addresses.length > 0) this.seatAddresses([seat], watched, "DNS cache");
  }

  private give(seat: Seat, host: string, port: number, by: string): boolean {
    const { server } = seat;
    const from = server.host;
    if (from === host && server.port === port) return false;
    setAddress(this.plane, server, host, port);
    if (from !== host) this.onEvent({ kind: "address", server, from, to: host, by });
    return true;
  }
}

function keyOf({ prefer, resolvers }: ServerResolution, name: string): string {
  return `${resolvers} ${prefer ?? 6} ${name}`;
}

function portOf({ server, service }: Seat): number {
  return service?.port ?? server.port;
}
