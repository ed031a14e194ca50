/**
 * Names that rules look up (`do-resolve`): one look-up for all who ask for the same name at once, and good answers are
 * kept for `hold valid`. Clients choose the names, so everything has a limit; beyond it a name isn't found.
 */
import type { Answer } from "../../decide/dns/answer.ts";
import type { QuestionType } from "../../decide/dns/message.ts";
import type { Resolvers } from "../../model/global.ts";
import type { IpAddress } from "../../model/ip.ts";
import { nowMs } from "../timer-wheel.ts";
import { Resolver } from "./resolver.ts";

/** Different names that are looked up at one time. */
const MOST_RUNNING = 1000;
/** Who waits for one of them. */
const MOST_WAITING = 10_000;
/** Good answers that are kept. */
const MOST_KNOWN = 4096;

/** Hears the address, or that there is none. */
export type TakeAddress = (address: IpAddress | undefined) => void;

interface KnownName {
  readonly addresses: readonly IpAddress[];
  readonly untilMs: number;
  /** Counts up: addresses of one name take turns. */
  turn: number;
}

export class RuleLookups {
  /** Those that rules have asked. */
  readonly resolvers = new Map<string, Resolver>();
  private readonly known = new Map<string, KnownName>();
  private readonly running = new Map<string, TakeAddress[]>();
  private waiting = 0;
  /** Look-ups that found nothing. */
  failures = 0;

  constructor(private readonly sections: ReadonlyMap<string, Resolvers>) {}

  /**
   * Looks `name` up with the name servers of a section. `take` is called once: at once when the answer is known or
   * can't be had, otherwise when the look-up is over, which takes no longer than its tries.
   */
  find(section: string, name: string, prefer: 4 | 6, take: TakeAddress): void {
    const key = `${section} ${prefer} ${name.toLowerCase()}`;
    const known = this.known.get(key);
    if (known !== undefined && nowMs() < known.untilMs) {
      take(nextOf(known));
      return;
    }
    const waiting = this.running.get(key);
    const isFull = waiting === undefined && this.running.size >= MOST_RUNNING;
    const resolver = this.resolverOf(section);
    if (resolver === undefined || isFull || this.waiting >= MOST_WAITING) {
      take(undefined);
      return;
    }
    this.waiting += 1;
    if (waiting !== undefined) {
      waiting.push(take);
      return;
    }
    this.running.set(key, [take]);
    const types: readonly QuestionType[] = prefer === 4 ? ["A", "AAAA"] : ["AAAA", "A"];
    resolver.lookUp(name, types, (answer) => {
      this.finish(key, resolver, answer);
    });
  }

  private resolverOf(section: string): Resolver | undefined {
    const settings = this.sections.get(section);
    if (settings === undefined) return undefined;
    let resolver = this.resolvers.get(section);
    if (resolver === undefined) {
      resolver = new Resolver(settings);
      this.resolvers.set(section, resolver);
    }
    return resolver;
  }

  private finish(key: string, resolver: Resolver, answer: Answer): void {
    const takers = this.running.get(key) ?? [];
    this.running.delete(key);
    this.waiting -= takers.length;
    const known = answer.kind === "addresses" ? this.keep(key, resolver, answer.addresses) : undefined;
    if (known === undefined) this.failures += 1;
    // No socket stays open for names that nobody asks for.
    if (resolver.isQuiet) resolver.close();
    for (const take of takers) take(known === undefined ? undefined : nextOf(known));
  }

  private keep(key: string, { settings }: Resolver, addresses: readonly IpAddress[]): KnownName {
    const known = { addresses, untilMs: nowMs() + settings.holdMs.valid, turn: 0 };
    this.known.delete(key);
    this.known.set(key, known);
    // The oldest one goes.
    for (const oldest of this.known.keys()) {
      if (this.known.size <= MOST_KNOWN) break;
      this.known.delete(oldest);
    }
    return known;
  }
}

function nextOf(known: KnownName): IpAddress | undefined {
  const { addresses, turn } = known;
  known.turn += 1;
  return addresses[turn % addresses.length];
}
