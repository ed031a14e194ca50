/** Counters of a worker on their way to the master: what was added since the last report. */
import { Rate } from "./counters.ts";
import type { DataPlane } from "./plane.ts";
import { nowMs } from "./timer-wheel.ts";
import type { Occupied } from "./shared-counts.ts";

type Numbers = Record<string, number>;

interface Holder {
  readonly key: string;
  readonly counters: object;
  readonly byClass: number[];
  readonly owner: Occupied;
}

/** States are the master's own business. */
const NOT_TOLD = /^(last|down|changed)/;
/** The highest of all workers stands for all of them. */
const NO_SUM = /^highest/;

function holdersOf(plane: DataPlane): readonly Holder[] {
  const holders: Holder[] = [];
  const add = (key: string, owner: Occupied & { counters: object & { byClass: number[] } }) => {
    holders.push({ key, counters: owner.counters, byClass: owner.counters.byClass, owner });
  };
  for (const frontend of plane.frontends) add(`frontend/${frontend.name}`, frontend);
  for (const backend of plane.backends.values()) {
    add(`backend/${backend.name}`, backend);
    for (const server of backend.servers) add(`server/${backend.name}/${server.name}`, server);
  }
  return holders;
}

function read(holder: Holder): Numbers {
  const numbers: Numbers = {};
  for (const [name, value] of Object.entries(holder.counters)) {
    if (typeof value === "number" && !NOT_TOLD.test(name)) numbers[name] = value;
  }
  for (const [index, value] of holder.byClass.entries()) numbers[`class${index}`] = value;
  return numbers;
}

export interface CountReport {
  readonly added: Record<string, Numbers>;
  readonly active: Numbers;
}

export class CountReporter {
  private readonly before = new Map<string, Numbers>();
  constructor(private readonly plane: DataPlane) {}

  report(): CountReport {
    const added: Record<string, Numbers> = {};
    const active: Numbers = { total: this.plane.connections.own };
    for (const holder of holdersOf(this.plane)) {
      const now = read(holder);
      const last = this.before.get(holder.key) ?? {};
      const difference: Numbers = {};
      for (const [name, value] of Object.entries(now)) {
        const before = last[name] ?? 0;
        if (value !== before) difference[name] = NO_SUM.test(name) ? value : value - before;
      }
      this.before.set(holder.key, now);
      if (Object.keys(difference).length > 0) added[holder.key] = difference;
      active[holder.key] = holder.owner.own;
    }
    return { added, active };
  }
}

/** The master's side: sums over all workers, in its own data plane that carries no traffic. */
export class CountCollector {
  private readonly active = new Map<number, Numbers>();
  constructor(private readonly plane: DataPlane) {}

  take(worker: number, report: CountReport): void {
    this.active.set(worker, report.active);
    for (const holder of holdersOf(this.plane)) {
      const added = report.added[holder.key];
      if (added !== undefined) this.add(holder, added);
      let sum = 0;
      for (const numbers of this.active.values()) sum += numbers[holder.key] ?? 0;
      holder.owner.own = sum;
    }
    let total = 0;
    for (const numbers of this.active.values()) total += numbers["total"] ?? 0;
    this.plane.connections.own = total;
  }

  /** A worker is gone with all its sessions. */
  forget(worker: number): void {
    this.active.delete(worker);
  }

  private add(holder: Holder, added: Numbers): void {
    const { connections = 0, requests = 0, sessions = 0 } = added;
    if (sessions > 0) Reflect.set(holder.counters, "lastSessionMs", nowMs());
    const rates = { rate: sessions, requestRate: requests, connectionRate: connections };
    for (const [name, count] of Object.entries(rates)) {
      const rate: unknown = Reflect.get(holder.counters, name);
      if (rate instanceof Rate && count > 0) rate.add(nowMs(), count);
    }
    for (const [name, value] of Object.entries(added)) {
      const found = /^class(\d)$/.exec(name)?.[1];
      if (found !== undefined) holder.byClass[Number(found)] = (holder.byClass[Number(found)] ?? 0) + value;
      else if (name in holder.counters) {
        const before: unknown = Reflect.get(holder.counters, name);
        if (typeof before !== "number") continue;
        Reflect.set(holder.counters, name, NO_SUM.test(name) ? Math.max(before, value) : before + value);
      }
    }
  }
}
