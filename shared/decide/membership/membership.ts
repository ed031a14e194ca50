import { CORE_REASONS } from "../../model/core-reasons.ts";
import { reason, type Reason } from "../../reason/catalogue.ts";
import {
  createDamping,
  DEFAULT_DAMPING,
  penalise,
  remainingMs,
  settle,
  type Damping,
  type DampingOptions,
} from "./damping.ts";
import {
  createLinkSuspicion,
  DEFAULT_SUSPICION,
  excuseOwnStall,
  heard,
  isSilent,
  timeoutMsOf,
  type LinkSuspicion,
  type SuspicionOptions,
} from "./suspicion.ts";

/**
 * Who is there. Every node sends heartbeats over every link and says in them whom it hears; so each node knows the whole
 * matrix of who hears whom, finds one-way links, and comes to the same view as the others: a node belongs to it
 * when a majority hears it, and is heard by it, in both directions.
 */
export interface MembershipOptions {
  readonly self: string;
  readonly nodes: readonly string[];
  readonly links: readonly string[];
  readonly suspicion: SuspicionOptions;
  readonly damping: DampingOptions;
}

export function membershipOptions(self: string, nodes: readonly string[], links: readonly string[]): MembershipOptions {
  return { self, nodes, links, suspicion: DEFAULT_SUSPICION, damping: DEFAULT_DAMPING };
}

/** What a heartbeat says; the transport has authenticated the sender. */
export interface Heartbeat {
  readonly from: string;
  readonly link: string;
  /** For each link the peers that the sender hears on it. */
  readonly hears: Readonly<Record<string, readonly string[]>>;
}

interface Peer {
  readonly links: Map<string, LinkSuspicion>;
  /** Which links of ours the peer says it hears. */
  hearsUs: ReadonlySet<string>;
  hears: ReadonlySet<string>;
  alive: boolean;
  member: boolean;
  damping: Damping;
  readonly silentLinks: Set<string>;
  readonly oneWayLinks: Set<string>;
  /** The operator was told that this peer is held back for its flapping. */
  heldBack: boolean;
}

export interface Membership {
  readonly options: MembershipOptions;
  readonly peers: Map<string, Peer>;
  tickDueMs: number;
  heartbeatDueMs: number;
}

export interface MembershipOutcome {
  /** Who belongs to the view, this node included, in order of name. */
  readonly members: readonly string[];
  /** A heartbeat to send on every link, when one is due. */
  readonly send: Readonly<Record<string, readonly string[]>> | null;
  readonly reasons: readonly Reason[];
}

export function createMembership(options: MembershipOptions, nowMs: number): Membership {
  const peers = new Map<string, Peer>();
  for (const name of options.nodes) {
    if (name === options.self) continue;
    const links = new Map(options.links.map((link) => [link, createLinkSuspicion(options.suspicion, nowMs)] as const));
    peers.set(name, {
      links,
      hearsUs: new Set(),
      hears: new Set(),
      alive: false,
      member: false,
      damping: createDamping(nowMs),
      silentLinks: new Set(),
      oneWayLinks: new Set(),
      heldBack: false,
    });
  }
  return { options, peers, tickDueMs: nowMs + options.suspicion.heartbeatMs, heartbeatDueMs: nowMs };
}

/** A heartbeat came in. */
export function onHeartbeat(membership: Membership, heartbeat: Heartbeat, nowMs: number): readonly Reason[] {
  const { options } = membership;
  const peer = membership.peers.get(heartbeat.from);
  const link = peer?.links.get(heartbeat.link);
  if (peer === undefined || link === undefined) return [];
  const reasons: Reason[] = [];
  peer.links.set(heartbeat.link, heard(options.suspicion, link, nowMs));
  peer.hears = new Set(Object.values(heartbeat.hears).flat());
  peer.hearsUs = new Set(options.links.filter((name) => heartbeat.hears[name]?.includes(options.self) === true));
  if (peer.silentLinks.delete(heartbeat.link) || !peer.alive) {
    reasons.push(reason(CORE_REASONS, "CORE_PEER_BACK", { peer: heartbeat.from, link: heartbeat.link }));
  }
  peer.alive = true;
  return reasons;
}

/** Time has passed; call it every heartbeat interval. */
export function tickMembership(membership: Membership, nowMs: number): MembershipOutcome {
  const { options } = membership;
  const reasons: Reason[] = [];
  const lateMs = nowMs - membership.tickDueMs;
  if (lateMs > options.suspicion.heartbeatMs) doubtSelf(membership, lateMs, reasons);
  membership.tickDueMs = nowMs + options.suspicion.heartbeatMs;
  for (const [name, peer] of membership.peers) lookAtPeer(membership, name, peer, nowMs, reasons);
  const members = decideMembers(membership, nowMs, reasons);
  let send: Record<string, readonly string[]> | null = null;
  if (nowMs >= membership.heartbeatDueMs) {
    membership.heartbeatDueMs = nowMs + options.suspicion.heartbeatMs;
    send = {};
    for (const link of options.links) send[link] = heardOn(membership, link, nowMs);
  }
  return { members, send, reasons };
}

function doubtSelf(membership: Membership, lateMs: number, reasons: Reason[]): void {
  const node = membership.options.self;
  reasons.push(reason(CORE_REASONS, "CORE_SELF_LATE", { node, lateMs: Math.round(lateMs) }));
  for (const peer of membership.peers.values()) {
    for (const [name, link] of peer.links) peer.links.set(name, excuseOwnStall(link, lateMs));
  }
}

function heardOn(membership: Membership, link: string, nowMs: number): readonly string[] {
  const names: string[] = [];
  for (const [name, peer] of membership.peers) {
    const suspicion = peer.links.get(link);
    if (suspicion !== undefined && suspicion.lastHeardMs !== null && !isSilent(suspicion, nowMs)) names.push(name);
  }
  return names;
}

function lookAtPeer(membership: Membership, name: string, peer: Peer, nowMs: number, reasons: Reason[]): void {
  if (!peer.alive) return;
  const { options } = membership;
  const silent = options.links.filter((link) => {
    const suspicion = peer.links.get(link);
    return suspicion === undefined || suspicion.lastHeardMs === null || isSilent(suspicion, nowMs);
  });
  if (silent.length === options.links.length) {
    peer.alive = false;
    peer.hears = new Set();
    peer.hearsUs = new Set();
    peer.damping = penalise(options.damping, peer.damping, nowMs);
    const heardMs = Math.max(...[...peer.links.values()].map((link) => link.lastHeardMs ?? 0));
    const timeoutMs = Math.round(Math.max(...[...peer.links.values()].map((l) => timeoutMsOf(options.suspicion, l))));
    const silentMs = Math.round(nowMs - heardMs);
    reasons.push(reason(CORE_REASONS, "CORE_PEER_SUSPECTED", { peer: name, silentMs, timeoutMs }));
    return;
  }
  for (const link of options.links) {
    const wasSilent = peer.silentLinks.has(link);
    if (silent.includes(link) && !wasSilent && peer.links.get(link)?.lastHeardMs !== null) {
      peer.silentLinks.add(link);
      reasons.push(reason(CORE_REASONS, "CORE_LINK_DOWN", { peer: name, link }));
    }
    const oneWay = !silent.includes(link) && !peer.hearsUs.has(link);
    if (oneWay && !peer.oneWayLinks.has(link) && peer.member) {
      reasons.push(reason(CORE_REASONS, "CORE_LINK_ONE_WAY", { peer: name, link }));
    }
    if (oneWay) peer.oneWayLinks.add(link);
    else peer.oneWayLinks.delete(link);
  }
}

/** Whether two nodes hear each other on any link, as far as this node was told. */
function mutual(membership: Membership, a: string, b: string): boolean {
  const { self } = membership.options;
  const hears = (from: string, to: string): boolean => {
    if (from === self) return membership.peers.get(to)?.alive ?? false;
    const peer = membership.peers.get(from);
    if (peer === undefined || !peer.alive) return false;
    return to === self ? peer.hearsUs.size > 0 : peer.hears.has(to);
  };
  return a === b || (hears(a, b) && hears(b, a));
}

function decideMembers(membership: Membership, nowMs: number, reasons: Reason[]): readonly string[] {
  const { options } = membership;
  const present = options.nodes.filter((name) => name === options.self || membership.peers.get(name)?.alive === true);
  const needed = Math.floor(present.length / 2) + 1;
  const members: string[] = [];
  for (const name of present) {
    const supporters = present.filter((other) => mutual(membership, name, other)).length;
    const peer = membership.peers.get(name);
    if (peer === undefined) {
      // One's own place in the view is for the others to say; a node alone is its own majority.
      if (supporters >= needed || present.length === 1) members.push(name);
      continue;
    }
    const supported = supporters >= needed && (present.length > 2 || mutual(membership, name, options.self));
    if (admits(membership, name, peer, supported, nowMs, reasons)) members.push(name);
    else if (peer.member)
      reasons.push(reason(CORE_REASONS, "CORE_MEMBER_EXCLUDED", { peer: name, supporters, needed }));
    peer.member = members.includes(name);
  }
  for (const [name, peer] of membership.peers) if (!present.includes(name)) peer.member = false;
  return members.sort();
}

/** Flap damping: a peer that was lost too often waits until it has been steady for a while. */
function admits(
  membership: Membership,
  name: string,
  peer: Peer,
  supported: boolean,
  nowMs: number,
  reasons: Reason[],
): boolean {
  if (!supported || peer.member) return supported;
  const before = peer.damping;
  peer.damping = settle(membership.options.damping, before, nowMs);
  if (!peer.damping.suppressed) {
    peer.heldBack = false;
    return true;
  }
  if (!peer.heldBack) {
    peer.heldBack = true;
    const waitMs = Math.round(remainingMs(membership.options.damping, peer.damping, nowMs));
    reasons.push(reason(CORE_REASONS, "CORE_PEER_FLAPPING", { peer: name, waitMs }));
  }
  return false;
}
