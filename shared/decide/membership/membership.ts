import type { HeartbeatBody } from "../../effect/membership.ts";
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
import { counts, HearingMatrix, hearsOnAnyLink } from "./hearing.ts";
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
 * matrix of who hears whom and finds one-way links. A node belongs to the view when a majority of those present hears it, and
 * is heard by it, in both directions. Views may differ for a while, or for as long as a network is half broken; so a node's
 * vote counts for another only when each has the other in view (`vouchers`). Two nodes that both have a majority of
 * vouchers share one, and what none of a majority's views contains (`ruledOut`) can have no majority itself.
 */
export interface MembershipOptions {
  readonly self: string;
  readonly nodes: readonly string[];
  readonly links: readonly string[];
  readonly suspicion: SuspicionOptions;
  readonly damping: DampingOptions;
  /**
   * How long a peer's word counts, from the moment this node sent what the peer answers to. Raising it tolerates longer
   * stalls, and makes a takeover and the return of a node slower. At least the longest suspicion timeout.
   */
  readonly vouchMs: number;
  /** How far the clocks of two nodes may differ in rate. */
  readonly driftRatio: number;
  /** The first number of this start's heartbeats; higher than all of earlier starts. */
  readonly firstCount: number;
}

const DRIFT_RATIO = 0.05;
/** More heartbeats than a node sends between two starts. */
const COUNTS_PER_BOOT = 2 ** 32;

export function membershipOptions(
  self: string,
  nodes: readonly string[],
  links: readonly string[],
  boot = 0,
): MembershipOptions {
  const suspicion = DEFAULT_SUSPICION;
  const vouchMs = suspicion.maxTimeoutMs;
  const firstCount = boot * COUNTS_PER_BOOT + 1;
  return { self, nodes, links, suspicion, damping: DEFAULT_DAMPING, vouchMs, driftRatio: DRIFT_RATIO, firstCount };
}

/** Heartbeats whose time of sending is known; an answer to an older one is too old to count. */
const MAX_REMEMBERED_SENDS = 256;

/** What a heartbeat says; the transport has authenticated the sender. */
export interface Heartbeat extends HeartbeatBody {
  readonly from: string;
  readonly link: string;
}

export interface Peer {
  readonly links: Map<string, LinkSuspicion>;
  /** Which links of ours the peer says it hears. */
  hearsUs: ReadonlySet<string>;
  hears: ReadonlySet<string>;
  /** What the peer says of those it hears: whom they don't hear. */
  without: HeartbeatBody["without"];
  view: readonly string[];
  joining: readonly string[];
  /** The highest number of its heartbeats that was heard. */
  count: number;
  /** When this node sent the latest heartbeat that the peer had heard before it said all this. */
  freshMs: number;
  alive: boolean;
  /** Since when it has been heard without a break. */
  aliveSinceMs: number;
  member: boolean;
  damping: Damping;
  readonly silentLinks: Set<string>;
  readonly oneWayLinks: Set<string>;
  /** Since when it is about to be taken in. */
  joiningSinceMs: number | null;
  /** The operator was told that this peer is held back for its flapping. */
  heldBack: boolean;
}

export interface Membership {
  readonly options: MembershipOptions;
  readonly peers: Map<string, Peer>;
  nextCount: number;
  /** When the last heartbeats were sent, by number. */
  readonly sentMs: Map<number, number>;
  tickDueMs: number;
  heartbeatDueMs: number;
}

export interface MembershipOutcome {
  /** Who belongs to the view, this node included, in order of name. */
  readonly members: readonly string[];
  /** Of the members, those whose own view has this node in it, this node included: their votes count. */
  readonly vouchers: readonly string[];
  /** Configured nodes that neither this node nor any of its vouchers has in view. */
  readonly ruledOut: readonly string[];
  /** Nodes that are well and only held back for their flapping. */
  readonly heldBack: readonly string[];
  /** A heartbeat to send on every link, when one is due. */
  readonly send: HeartbeatBody | null;
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
      without: {},
      view: [],
      joining: [],
      count: 0,
      freshMs: Number.NEGATIVE_INFINITY,
      joiningSinceMs: null,
      alive: false,
      aliveSinceMs: nowMs,
      member: false,
      damping: createDamping(nowMs),
      silentLinks: new Set(),
      oneWayLinks: new Set(),
      heldBack: false,
    });
  }
  return {
    options,
    peers,
    nextCount: options.firstCount,
    sentMs: new Map(),
    tickDueMs: nowMs + options.suspicion.heartbeatMs,
    heartbeatDueMs: nowMs,
  };
}

/** A heartbeat came in. */
export function onHeartbeat(membership: Membership, heartbeat: Heartbeat, nowMs: number): readonly Reason[] {
  const { options } = membership;
  const peer = membership.peers.get(heartbeat.from);
  const link = peer?.links.get(heartbeat.link);
  if (peer === undefined || link === undefined) return [];
  const reasons: Reason[] = [];
  peer.links.set(heartbeat.link, heard(options.suspicion, link, nowMs));
  // Links carry copies of the same heartbeat, and may be of different speed: what is older says nothing new.
  if (heartbeat.count >= peer.count) listen(membership, peer, heartbeat);
  if (peer.silentLinks.delete(heartbeat.link) || !peer.alive) {
    reasons.push(reason(CORE_REASONS, "CORE_PEER_BACK", { peer: heartbeat.from, link: heartbeat.link }));
  }
  if (!peer.alive) peer.aliveSinceMs = nowMs;
  peer.alive = true;
  return reasons;
}

function listen(membership: Membership, peer: Peer, heartbeat: Heartbeat): void {
  const { links, self } = membership.options;
  peer.count = heartbeat.count;
  peer.hears = new Set(Object.values(heartbeat.hears).flat());
  peer.hearsUs = new Set(links.filter((name) => heartbeat.hears[name]?.includes(self) === true));
  peer.without = heartbeat.without;
  peer.view = heartbeat.view;
  peer.joining = heartbeat.joining;
  const echoed = membership.sentMs.get(heartbeat.echo[self] ?? 0);
  if (echoed !== undefined) peer.freshMs = Math.max(peer.freshMs, echoed);
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
  const vouchers = members.filter((name) => name === options.self || vouches(membership, name, nowMs));
  const ruledOut = options.nodes.filter((name) => isRuledOut(membership, name, members, vouchers));
  const due = nowMs >= membership.heartbeatDueMs;
  if (due) membership.heartbeatDueMs = nowMs + options.suspicion.heartbeatMs;
  const send = due ? heartbeatBody(membership, members, nowMs) : null;
  const heldBack = [...membership.peers].filter(([, peer]) => peer.alive && peer.heldBack).map(([name]) => name);
  return { members, vouchers, ruledOut, heldBack, send, reasons };
}

function heartbeatBody(membership: Membership, view: readonly string[], nowMs: number): HeartbeatBody {
  const { options } = membership;
  const hears: Record<string, readonly string[]> = {};
  const without: Record<string, readonly string[]> = {};
  for (const link of options.links) hears[link] = heardOn(membership, link, nowMs);
  for (const [name, peer] of membership.peers) {
    if (!counts(membership, peer, nowMs)) continue;
    without[name] = options.nodes.filter((other) => other !== name && !hearsOnAnyLink(membership, peer, other));
  }
  const echo: Record<string, number> = {};
  const joining: string[] = [];
  for (const [name, peer] of membership.peers) {
    echo[name] = peer.count;
    if (peer.joiningSinceMs !== null && !peer.member) joining.push(name);
  }
  const count = membership.nextCount;
  membership.nextCount += 1;
  membership.sentMs.set(count, nowMs);
  const oldest = membership.sentMs.keys().next().value;
  if (membership.sentMs.size > MAX_REMEMBERED_SENDS && oldest !== undefined) membership.sentMs.delete(oldest);
  return { hears, without, view, joining, count, echo };
}

/** A peer's word counts as long as it is surely not older than `vouchMs`, however long it was on its way. */
function vouches(membership: Membership, name: string, nowMs: number): boolean {
  const { self, vouchMs } = membership.options;
  const peer = membership.peers.get(name);
  return peer !== undefined && peer.view.includes(self) && nowMs - peer.freshMs <= vouchMs;
}

/** Neither in this node's view nor in that of a voucher, and nobody is about to take it in. */
function isRuledOut(
  membership: Membership,
  name: string,
  members: readonly string[],
  vouchers: readonly string[],
): boolean {
  const peer = membership.peers.get(name);
  if (peer === undefined || members.includes(name) || peer.joiningSinceMs !== null) return false;
  return !vouchers.some((other) => {
    const voucher = membership.peers.get(other);
    return voucher !== undefined && (voucher.view.includes(name) || voucher.joining.includes(name));
  });
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

function decideMembers(membership: Membership, nowMs: number, reasons: Reason[]): readonly string[] {
  const { self } = membership.options;
  const matrix = new HearingMatrix(membership, nowMs);
  const { present } = matrix;
  const needed = Math.floor(present.length / 2) + 1;
  const supported = new Set(present.filter((name) => matrix.supportersOf(name).length >= needed));
  // Nobody has a majority's ear, as with two nodes of which one is mute: each side is by itself.
  if (supported.size === 0) for (const name of matrix.supportersOf(self)) supported.add(name);
  const members: string[] = [];
  for (const name of present) {
    const peer = membership.peers.get(name);
    if (peer === undefined) {
      // One's own place in the view is for the others to say.
      if (supported.has(name)) members.push(name);
      continue;
    }
    if (admits(membership, name, peer, supported.has(name), nowMs, reasons)) members.push(name);
    else if (peer.member) {
      const supporters = matrix.supportersOf(name).length;
      reasons.push(reason(CORE_REASONS, "CORE_MEMBER_EXCLUDED", { peer: name, supporters, needed }));
    }
    peer.member = members.includes(name);
  }
  for (const [name, peer] of membership.peers) {
    if (present.includes(name)) continue;
    peer.member = false;
    peer.joiningSinceMs = null;
  }
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
  if (!supported) peer.joiningSinceMs = null;
  if (!supported || peer.member) return supported;
  const before = peer.damping;
  peer.damping = settle(membership.options.damping, before, nowMs);
  if (!peer.damping.suppressed) {
    peer.heldBack = false;
    return joins(membership, name, peer, nowMs);
  }
  peer.joiningSinceMs = null;
  if (!peer.heldBack) {
    peer.heldBack = true;
    const waitMs = Math.round(remainingMs(membership.options.damping, peer.damping, nowMs));
    reasons.push(reason(CORE_REASONS, "CORE_PEER_FLAPPING", { peer: name, waitMs }));
  }
  return false;
}

/**
 * A node is taken in when nobody can still act on this node's word that it is out: everybody else says that they have it in
 * view or are about to, or that word is too old by now on every clock.
 */
function joins(membership: Membership, name: string, peer: Peer, nowMs: number): boolean {
  const { self, nodes, vouchMs, driftRatio } = membership.options;
  peer.joiningSinceMs ??= nowMs;
  const waitMs = (vouchMs * (1 + driftRatio)) / (1 - driftRatio);
  if (nowMs - peer.joiningSinceMs >= waitMs) return true;
  return nodes.every((other) => {
    if (other === self || other === name) return true;
    const witness = membership.peers.get(other);
    return witness?.alive === true && (witness.view.includes(name) || witness.joining.includes(name));
  });
}
