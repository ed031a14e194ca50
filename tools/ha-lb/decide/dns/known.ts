/**
 * What is known of a name. A bad answer takes nothing away: the last good one is kept for as long as no better one
 * comes. Only a good answer without an address says that this address is gone, after `hold obsolete`. Pure.
 */
import type { IpAddress } from "../../model/ip.ts";
import type { Answer, Failure, Service } from "./answer.ts";

interface Seen<Value> {
  readonly value: Value;
  readonly seenMs: number;
}

export interface Known {
  readonly addresses: readonly Seen<IpAddress>[];
  readonly services: readonly Seen<Service>[];
  /** When the last good answer came. */
  readonly validMs: number | undefined;
  /** Since when all answers are bad, and how the last one was. */
  readonly failing: { readonly failure: Failure; readonly sinceMs: number } | undefined;
}

export const NOTHING_KNOWN: Known = { addresses: [], services: [], validMs: undefined, failing: undefined };

export function learn(known: Known, answer: Answer, obsoleteMs: number, nowMs: number): Known {
  switch (answer.kind) {
    case "failure":
      return { ...known, failing: { failure: answer.failure, sinceMs: known.failing?.sinceMs ?? nowMs } };
    case "addresses": {
      const addresses = merge(known.addresses, answer.addresses, (one) => one.toString(), obsoleteMs, nowMs);
      return { addresses, services: [], validMs: nowMs, failing: undefined };
    }
    case "services": {
      const key = (one: Service) => `${one.target}:${one.port}`;
      const services = merge(known.services, answer.services, key, obsoleteMs, nowMs);
      return { addresses: [], services, validMs: nowMs, failing: undefined };
    }
  }
}

/** The new ones in their order, then those that are missing for less than `obsoleteMs`. */
function merge<Value>(
  before: readonly Seen<Value>[],
  now: readonly Value[],
  keyOf: (value: Value) => string,
  obsoleteMs: number,
  nowMs: number,
): readonly Seen<Value>[] {
  const keys = new Set(now.map(keyOf));
  const kept = before.filter(({ value, seenMs }) => !keys.has(keyOf(value)) && nowMs - seenMs < obsoleteMs);
  return [...now.map((value) => ({ value, seenMs: nowMs })), ...kept];
}
