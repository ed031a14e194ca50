import { readdirSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { CORE_REASONS } from "../../model/core-reasons.ts";
import { reason, type Reason } from "../../reason/catalogue.ts";
import type { HeartbeatLink } from "./heartbeat-messages.ts";

/**
 * Whether the links of the heartbeats are paths of their own: two links over one card fail together, whatever they are called.
 * What lies behind the card (one switch, one cable duct) nobody here can see.
 */
const MAX_DEPTH = 8;
const LOWER = "lower_";

/** The interface that has the address; null when none has. */
function interfaceOf(host: string): string | null {
  for (const [device, addresses] of Object.entries(networkInterfaces())) {
    if (addresses?.some(({ address }) => address === host) === true) return device;
  }
  return null;
}

/** The interfaces that one stands on in the end: a VLAN on its card, a bond or a bridge on its ports. */
function cardsOf(device: string, depth = 0): readonly string[] {
  if (depth >= MAX_DEPTH) return [device];
  let names: readonly string[] = [];
  try {
    names = readdirSync(`/sys/class/net/${device}`).filter((name) => name.startsWith(LOWER));
  } catch {
    return [device];
  }
  if (names.length === 0) return [device];
  return names.flatMap((name) => cardsOf(name.slice(LOWER.length), depth + 1));
}

/** The cards of each link, by its name. */
export function linkCards(links: readonly HeartbeatLink[]): ReadonlyMap<string, readonly string[]> {
  const cards = new Map<string, readonly string[]>();
  for (const { name, listen, device } of links) {
    const found = device ?? interfaceOf(listen.host);
    cards.set(name, found === null ? [] : cardsOf(found));
  }
  return cards;
}

/** One fact for every two links that share all cards of one of them. */
export function checkLinkPaths(cards: ReadonlyMap<string, readonly string[]>): readonly Reason[] {
  const all = [...cards];
  return all.flatMap(([one, own], at) =>
    all.slice(at + 1).flatMap(([other, theirs]) => {
      const shared = own.filter((card) => theirs.includes(card));
      if (shared.length === 0 || (shared.length < own.length && shared.length < theirs.length)) return [];
      return [reason(CORE_REASONS, "CORE_LINKS_SHARE_CARD", { links: [one, other], cards: shared })];
    }),
  );
}
