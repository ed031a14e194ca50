import type { KvQuery, KvView } from "../../effect/kv.ts";
import type { Members, NodeId } from "../../effect/raft.ts";
import type {
  CreateReplicaMachine,
  ReplicaEvent,
  ReplicaMachine,
  ReplicaMessage,
  ReplicaReply,
  ReplicaRequest,
  ReplicaStatus,
} from "../../effect/replica.ts";
import type { Reason } from "../../reason/catalogue.ts";
import { boottimeNs } from "../ffi/clock.ts";
import { preferThread } from "../ffi/schedule.ts";
import type { ClusterKey } from "./certificate.ts";
import { openDisk, type GroupDisk, type OpenedDisk } from "./disk.ts";
import { Transport, type PeerAddress, type Refusals } from "./transport.ts";
import { WatchHub } from "./watch.ts";

/** One member of a group on a real clock, disk and network. It decides nothing: the machine it was given does. */
export interface GroupOptions {
  readonly node: NodeId;
  readonly directory: string;
  readonly listen: PeerAddress;
  readonly peers: ReadonlyMap<NodeId, PeerAddress>;
  /** The voters a new group begins with; read only at the very first start. */
  readonly initialMembers: Members;
  readonly clusterKey: ClusterKey;
  /** While the cluster's key is changed: the one before, or the one to come. */
  readonly alsoAccepted?: readonly ClusterKey[];
  /** The pure part; a tool's `main` passes the one of `decide/replica`. */
  readonly createMachine: CreateReplicaMachine;
  readonly onReason: (fact: Reason) => void;
  /** Monotonic milliseconds, time spent suspended included; only tests pass another. */
  readonly clockMs?: () => number;
}

/** The clock is looked at least this often. */
const MAX_TIMER_MS = 1000;

export class Group {
  readonly watches: WatchHub;
  /** Rises with every start of this member. */
  readonly boot: number;
  private readonly machine: ReplicaMachine;
  private readonly disk: GroupDisk;
  private readonly clockMs: () => number;
  private readonly waiting = new Map<number, (reply: ReplicaReply) => void>();
  private events: ReplicaEvent[] = [];
  private stepPlanned = false;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private timerDueMs = Number.POSITIVE_INFINITY;
  private nextRequestId = 1;
  private closed = false;
  private transport: Transport | null = null;

  private constructor(
    private readonly options: GroupOptions,
    opened: OpenedDisk,
  ) {
    // Time spent suspended counts: other nodes lived through it, and leases ran on.
    this.clockMs = options.clockMs ?? (() => boottimeNs() / 1e6);
    this.boot = opened.recovered.hardState.boot;
    for (const fact of opened.reasons) options.onReason(fact);
    const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
    this.machine = options.createMachine(opened.recovered, seed, this.clockMs());
    this.disk = opened.start((sequence) => this.feed({ kind: "persisted", sequence }), options.onReason);
    this.watches = new WatchHub(this.machine.status().revision);
  }

  /** Starts a member. Throws when the state directory's vote is unreadable: the node must join under a new name. */
  static async open(options: GroupOptions): Promise<Group> {
    // A leader that waits for a processor longer than the election timeout is replaced for nothing. Where it isn't allowed,
    // the election timeout has to be longer than the machine's stalls.
    preferThread();
    const opened = openDisk(options.directory, options.initialMembers, options.node);
    if (opened === null) throw new Error(`${options.directory}: the vote of this node is unreadable`);
    const group = new Group(options, opened);
    group.transport = await Transport.open({
      node: options.node,
      listen: options.listen,
      clusterKey: options.clusterKey,
      alsoAccepted: options.alsoAccepted ?? [],
      peers: options.peers,
      onMessages: (from, messages) => group.receive(from, messages),
    });
    group.feed({ kind: "tick" });
    return group;
  }

  private receive(from: NodeId, messages: readonly ReplicaMessage[]): void {
    for (const message of messages) this.events.push({ kind: "receive", from, message });
    this.planStep();
  }

  private feed(event: ReplicaEvent): void {
    this.events.push(event);
    this.planStep();
  }

  /** All that comes in during one turn of the event loop becomes one step, one write and one frame per peer. */
  private planStep(): void {
    if (this.stepPlanned || this.closed) return;
    this.stepPlanned = true;
    setImmediate(() => this.step());
  }

  private step(): void {
    this.stepPlanned = false;
    if (this.closed) return;
    const events = this.events;
    this.events = [];
    const outcome = this.machine.step(events, this.clockMs());
    const frames = new Map<NodeId, ReplicaMessage[]>();
    for (const effect of outcome.effects) {
      switch (effect.kind) {
        case "send": {
          const frame = frames.get(effect.to);
          if (frame === undefined) frames.set(effect.to, [effect.message]);
          else frame.push(effect.message);
          break;
        }
        case "persist":
          this.disk.enqueue(effect.write);
          break;
        case "reply":
          this.waiting.get(effect.requestId)?.(effect.reply);
          this.waiting.delete(effect.requestId);
          break;
        case "watch":
          this.watches.publish(effect.events);
          break;
        case "reset":
          this.watches.reset(effect.revision);
          break;
      }
    }
    for (const [to, frame] of frames) this.transport?.send(to, frame);
    for (const fact of outcome.reasons) this.options.onReason(fact);
    this.planTick();
  }

  private planTick(): void {
    const dueMs = this.machine.nextDeadlineMs();
    if (dueMs === this.timerDueMs && this.timer !== null) return;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timerDueMs = dueMs;
    const waitMs = Math.min(Math.max(0, dueMs - this.clockMs()), MAX_TIMER_MS);
    this.timer = setTimeout(() => {
      this.timer = null;
      this.feed({ kind: "tick" });
    }, waitMs);
  }

  /** Hands a request to the machine. Always answered: at the latest as of unknown outcome. */
  request(request: ReplicaRequest): Promise<ReplicaReply> {
    return new Promise((resolve) => {
      if (this.closed) {
        resolve({ kind: "refused", code: "CORE_NOT_LEADER", why: "this member is stopped", leader: null });
        return;
      }
      const requestId = this.nextRequestId;
      this.nextRequestId += 1;
      this.waiting.set(requestId, resolve);
      this.feed({ kind: "request", requestId, request });
    });
  }

  /** This node's own view, which may be behind. */
  readLocal(query: KvQuery): KvView {
    return this.machine.read(query);
  }

  /** With what was turned away at the port for members since the start. */
  status(): ReplicaStatus & { readonly refused: Refusals | null } {
    return { ...this.machine.status(), refused: this.transport?.refused ?? null };
  }

  isConnected(peer: NodeId): boolean {
    return this.transport?.isConnected(peer) ?? false;
  }

  addPeer(peer: NodeId, address: PeerAddress): void {
    this.transport?.addPeer(peer, address);
  }

  async close(): Promise<void> {
    this.closed = true;
    if (this.timer !== null) clearTimeout(this.timer);
    this.disk.close();
    await this.transport?.close();
    for (const resolve of this.waiting.values()) {
      resolve({ kind: "refused", code: "CORE_TIMEOUT", why: "this member was stopped", leader: null });
    }
    this.waiting.clear();
  }
}
