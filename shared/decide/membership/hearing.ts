import type { Membership, Peer } from "./membership.ts";

/** Who was just heard for the first time may not have heard anybody yet: it isn't counted as deaf before it had the time. */
export function counts(membership: Membership, peer: Peer, nowMs: number): boolean {
  const newcomer = nowMs - peer.aliveSinceMs < membership.options.suspicion.minTimeoutMs;
  return peer.alive && (!newcomer || peer.hearsUs.size > 0 || peer.hears.size > 0);
}

export function hearsOnAnyLink(membership: Membership, peer: Peer, other: string): boolean {
  return other === membership.options.self ? peer.hearsUs.size > 0 : peer.hears.has(other);
}

/**
 * Who hears whom, by all this node knows: its own ears, what its peers say, and what they say of others. A node that only
 * others hear is judged by what they say; nobody passes on what was itself passed on, so nothing old goes round.
 */
export class HearingMatrix {
  readonly present: readonly string[];
  private readonly rows = new Map<string, (to: string) => boolean>();

  constructor(membership: Membership, nowMs: number) {
    const { self, nodes } = membership.options;
    this.rows.set(self, (to) => membership.peers.get(to)?.alive ?? false);
    for (const [name, peer] of membership.peers) {
      if (counts(membership, peer, nowMs)) this.rows.set(name, (to) => hearsOnAnyLink(membership, peer, to));
    }
    for (const name of nodes) if (!this.rows.has(name)) this.addRelayed(membership, name);
    this.present = nodes.filter((name) => this.rows.has(name));
  }

  /** A node that this one doesn't hear, while a peer that it talks with does. */
  private addRelayed(membership: Membership, name: string): void {
    const relays = [...membership.peers.values()].filter((peer) => peer.alive && peer.hearsUs.size > 0);
    const said = relays.map((peer) => peer.without[name]).filter((deafTo) => deafTo !== undefined);
    if (said.length > 0) this.rows.set(name, (to) => said.some((deafTo) => !deafTo.includes(to)));
  }

  /** Whether two nodes hear each other on any link. */
  mutual(a: string, b: string): boolean {
    return a === b || ((this.rows.get(a)?.(b) ?? false) && (this.rows.get(b)?.(a) ?? false));
  }

  supportersOf(name: string): readonly string[] {
    return this.present.filter((other) => this.mutual(name, other));
  }
}
