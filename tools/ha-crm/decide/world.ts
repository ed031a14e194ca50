import type { Position } from "../../../shared/text/position.ts";
import type { Cluster, NodeConfig } from "../model/cluster.ts";
import type { NvSet } from "../model/nvset.ts";
import type { Agent, Resource } from "../model/resource.ts";
import type { ClusterState, HistoryEntry, NodeState } from "../model/state.ts";
import type { SchedAction } from "./action.ts";
import type { NotificationPoints } from "./notifications.ts";
import type { Recorder } from "./recorder.ts";
import { ROLE, type Role } from "./roles.ts";
import type { Settings } from "./settings.ts";

/**
 * The working set of one scheduling run. It is built from the model, changed by the phases in `schedule.ts`, and
 * thrown away; nothing of it is seen outside of `decide/`. Nodes and resources have small whole numbers, so that
 * scores are arrays.
 */

/** Score of a node that a resource doesn't know at all (opt-in clusters). */
export const ABSENT = -0x80000000;

/** A set of nodes, for questions that are asked for every resource on every node. */
export class NodeSet {
  size = 0;
  private readonly member: Uint8Array;

  constructor(nodes: number) {
    this.member = new Uint8Array(nodes);
  }

  add(node: SchedNode): void {
    if (this.member[node.index] !== 0) return;
    this.member[node.index] = 1;
    this.size += 1;
  }

  has(node: SchedNode): boolean {
    return this.member[node.index] === 1;
  }
}

/** What is remembered of one resource: the entries of each node, oldest first. */
export class Histories {
  /** In the order in which they were read. */
  readonly nodes: SchedNode[] = [];
  private readonly entries: (readonly HistoryEntry[] | undefined)[] = [];

  set(node: SchedNode, entries: readonly HistoryEntry[]): void {
    if (this.entries[node.index] === undefined) this.nodes.push(node);
    this.entries[node.index] = entries;
  }

  get(node: SchedNode): readonly HistoryEntry[] | undefined {
    return this.entries[node.index];
  }
}

export class SchedNode {
  online = false;
  unclean = true;
  /** Nothing is known of it in the status. */
  unseen = true;
  /** Colocations know it by name: false for a remote node that was not reached yet. */
  named = true;
  standby = false;
  standbyOnFail = false;
  maintenance = false;
  pending = false;
  shutdown = false;
  expectedUp = false;
  /** Probing is allowed. */
  discovery = true;
  /** Score of the node itself, the same for all resources. */
  score = 0;
  healthScore = 0;
  readonly attributes = new Map<string, string>();
  readonly permanentAttributes = new Map<string, string>();
  readonly utilization = new Map<string, number>();
  /** Resources that are assigned to it so far. */
  assignedCount = 0;
  /** Primitives that are active on it now. */
  readonly running: SchedResource[] = [];
  readonly assigned: SchedResource[] = [];
  /** The connection resource, when this is a remote node. */
  connection: SchedResource | undefined;
  isRemote = false;
  isGuest = false;
  remoteRequiresReset = false;
  fenceReason: string | undefined;
  state: NodeState | undefined;
  readonly index: number;
  readonly id: string;
  readonly name: string;
  readonly config: NodeConfig;

  constructor(index: number, config: NodeConfig) {
    this.index = index;
    this.id = config.id;
    this.name = config.name;
    this.config = config;
  }
}

export type Kind = "primitive" | "group" | "clone";
export const KIND_RANK: Readonly<Record<Kind, number>> = { primitive: 0, group: 1, clone: 2 };

export type OnFail =
  | "ignore"
  | "demote"
  | "restart"
  | "reset-remote"
  | "restart-container"
  | "ban"
  | "block"
  | "stop"
  | "standby"
  | "fence";

export interface ConfiguredOperation {
  readonly id: string;
  readonly name: string;
  readonly intervalMs: number;
  readonly meta: ReadonlyMap<string, string>;
  /** What the agent is given for this operation alone. */
  readonly parameters: ReadonlyMap<string, string>;
  /** The operation itself says on-fail=block, which ends failure timeouts. */
  readonly blocks: boolean;
  readonly at: Position | undefined;
}

export class SchedResource {
  parent: SchedResource | undefined;
  children: SchedResource[] = [];
  agent: Agent | undefined;
  meta = new Map<string, string>();
  operations: readonly ConfiguredOperation[] = [];
  /** What its agent is given, without what its parents say. */
  parameterSets: readonly NvSet[] = [];
  readonly utilization = new Map<string, number>();
  priority = 0;
  stickiness = 0;
  migrationThreshold = 1_000_000;
  failureTimeoutMs = 0;
  /** A lost connection to a remote node isn't tried again before this time has passed; 0 when it may be at once. */
  reconnectMs = 0;
  multipleActive: "stop_start" | "stop_only" | "block" | "stop_unexpected" = "stop_start";
  managed = true;
  maintenance = false;
  critical = true;
  allowMigrate = false;
  needsFencing = false;
  needsQuorum = false;
  needsUnfencing = false;
  isFenceDevice = false;
  isRemoteConnection = false;
  orphan = false;
  unique = false;
  promotable = false;
  notify = false;
  exclusiveDiscovery = false;
  container: SchedResource | undefined;
  /** The node that it waits for, because it was stopped only for that node's shutdown. */
  lock: { readonly node: SchedNode; readonly since: number } | undefined;
  fillers: SchedResource[] = [];
  // Clones.
  cloneMax = 1;
  cloneNodeMax = 1;
  /** As it is written: instances that are all alike are at most one per node whatever it says. */
  cloneNodeMaxWritten = 1;
  promotedMax = 0;
  promotedNodeMax = 0;
  interleave = false;
  ordered = false;
  cloneMin = 0;
  readonly notifications: NotificationPoints[] = [];
  // Groups.
  groupOrdered = true;
  groupColocated = true;
  // Where things are.
  role: Role = ROLE.stopped;
  nextRole: Role = ROLE.unknown;
  /** Set while a failure, and not the administrator, decides the next role. */
  failureRole: Role | undefined;
  roleBeforeFailure: Role = ROLE.unknown;
  runningOn: SchedNode[] = [];
  readonly knownOn: NodeSet;
  /** Nodes where it is in a state that no other node shares; the name it is known as in the history. */
  historyName: string | undefined;
  pendingNode: SchedNode | undefined;
  startPending = false;
  failed = false;
  /** A failure calls for a stop (and not only for a demote). */
  stopOnFail = false;
  failureIgnored = false;
  blocked = false;
  stopUnexpected = false;
  restarting = false;
  /** Its agent is told to read its parameters again. */
  reloading = false;
  migrationSource: SchedNode | undefined;
  migrationTarget: SchedNode | undefined;
  readonly danglingMigrations: SchedNode[] = [];
  // Placement.
  scores: Int32Array;
  discoveryMode: Uint8Array;
  counts: Int32Array;
  /** Not placed yet. */
  provisional = true;
  placing = false;
  merging = false;
  assigned: SchedNode | undefined;
  /** The score it had on the node it was assigned to. */
  assignedScore = 0;
  sortIndex = 0;
  promotionAdded = false;
  promotionSorted = false;
  colocationsExpanded = false;
  readonly locations: LocationScores[] = [];
  thisWith: SchedColocation[] = [];
  withThis: SchedColocation[] = [];
  readonly tickets: SchedTicketConstraint[] = [];
  // Actions.
  readonly actions: SchedAction[] = [];
  readonly actionsByKey = new Map<string, SchedAction[]>();
  readonly actionsByTask = new Map<string, SchedAction[]>();
  /** Nodes whose history is of another agent. */
  readonly agentChangedOn = new Set<SchedNode>();
  /** Nodes whose history has monitors that repeat. */
  readonly monitoredOn: NodeSet;
  readonly history = new Histories();
  readonly index: number;
  readonly id: string;
  /** Without instance number. */
  readonly name: string;
  readonly kind: Kind;
  readonly config: Resource | undefined;

  constructor(index: number, id: string, name: string, kind: Kind, nodes: number, config: Resource | undefined) {
    this.index = index;
    this.id = id;
    this.name = name;
    this.kind = kind;
    this.config = config;
    this.scores = new Int32Array(nodes).fill(ABSENT);
    this.discoveryMode = new Uint8Array(nodes);
    this.counts = new Int32Array(nodes);
    this.knownOn = new NodeSet(nodes);
    this.monitoredOn = new NodeSet(nodes);
  }

  get top(): SchedResource {
    return this.parent === undefined ? this : this.parent.top;
  }
}

export const DISCOVERY = { always: 0, never: 1, exclusive: 2 } as const;

export interface LocationScore {
  readonly node: SchedNode;
  readonly score: number;
  /** The part of the score that the constraint asks for, when something else is in it as well. */
  readonly written?: number;
}

/** A location constraint after its rule was evaluated: scores for the nodes it names. */
export interface LocationScores {
  readonly id: string;
  readonly resource: SchedResource;
  readonly role: Role;
  readonly discovery: number;
  readonly nodes: readonly LocationScore[];
  readonly at: Position | undefined;
}

export interface SchedColocation {
  readonly id: string;
  readonly dependent: SchedResource;
  readonly primary: SchedResource;
  readonly dependentRole: Role;
  readonly primaryRole: Role;
  readonly attribute: string;
  readonly score: number;
  readonly influence: boolean;
  readonly at: Position | undefined;
}

export interface SchedTicketConstraint {
  readonly id: string;
  readonly ticket: string;
  readonly role: Role;
  readonly lossPolicy: "stop" | "demote" | "fence" | "freeze";
  readonly at: Position | undefined;
}

export interface SchedTicket {
  readonly granted: boolean;
  readonly standby: boolean;
}

export interface SchedOrdering {
  readonly id: string;
  readonly first: SchedResource | undefined;
  readonly firstTask: string;
  readonly firstAction: SchedAction | undefined;
  readonly then: SchedResource | undefined;
  readonly thenTask: string;
  readonly thenAction: SchedAction | undefined;
  readonly flags: number;
  readonly at: Position | undefined;
}

export class World {
  readonly nodes: SchedNode[] = [];
  readonly nodesById = new Map<string, SchedNode>();
  readonly nodesByName = new Map<string, SchedNode>();
  /** Top-level resources in the order they are placed. */
  resources: SchedResource[] = [];
  /** Every resource, children and orphans too, by index. */
  readonly all: SchedResource[] = [];
  readonly byId = new Map<string, SchedResource>();
  /** Instances by the id without instance number. */
  readonly byName = new Map<string, SchedResource[]>();
  readonly tags = new Map<string, readonly string[]>();
  readonly tickets = new Map<string, SchedTicket>();
  /** Digests of parameters that were worked out already, by the text they are of. */
  readonly digests = new Map<string, string>();
  /** Failed monitors that failure-timeout lets begin anew. */
  readonly forgotten = new Set<HistoryEntry>();
  /** How often what these scores are of was copied, where that counts (`copyScores`). */
  readonly scoreCopies = new WeakMap<Int32Array, number>();
  readonly locations: LocationScores[] = [];
  readonly colocations: SchedColocation[] = [];
  readonly orderings: SchedOrdering[] = [];
  readonly actions: SchedAction[] = [];
  /** Actions of no resource, by key. */
  readonly freeActions = new Map<string, SchedAction>();
  haveFenceDevice = false;
  haveRemoteNodes = false;
  unfencingEnabled = false;
  readonly unfencingDevices: SchedResource[] = [];
  readonly cluster: Cluster;
  readonly state: ClusterState;
  readonly settings: Settings;
  /** Seconds since 1970. */
  readonly now: number;
  readonly recorder: Recorder | undefined;
  /** When time alone will change the plan; seconds since 1970. */
  recheckAt: number | undefined;

  constructor(cluster: Cluster, state: ClusterState, settings: Settings, now: number, recorder: Recorder | undefined) {
    this.cluster = cluster;
    this.state = state;
    this.settings = settings;
    this.now = now;
    this.recorder = recorder;
  }

  /** Notes that the plan may be another one at that moment, without anything having happened. */
  lookAgainAt(seconds: number): void {
    if (seconds > this.now && (this.recheckAt === undefined || seconds < this.recheckAt)) this.recheckAt = seconds;
  }
}

/** May resources be started on the node at all? */
export function nodeAvailable(node: SchedNode): boolean {
  return node.online && !node.shutdown && !node.unclean && !node.standby && !node.maintenance;
}

/** A node with a name; remote nodes and others alike. */
export function findNode(world: World, word: string): SchedNode | undefined {
  return world.nodesByName.get(word.toLowerCase()) ?? world.nodesById.get(word);
}
