import type { Entry, Members, NodeId, PersistWrite, RaftMessage, Recovered } from "../../effect/raft.ts";
import { beginTransfer, planMembersChange, proposeMembers } from "./change.ts";
import { lastIndexOf, membersOf } from "./log.ts";
import { DEFAULT_RAFT_OPTIONS } from "./options.ts";
import { requestRead } from "./reads.ts";
import { createRaft, type Raft } from "./state.ts";
import { compact, finishStep, persisted, propose, receive, tick } from "./step.ts";

/**
 * A few nodes and the messages between them, moved by hand, one command a line. The scenario tests are written in it: the
 * data files under `test/cases/core/raft` read like the argument they make.
 */
interface Letter {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly message: RaftMessage;
}

export class RaftHarness {
  nowMs = 0;
  private readonly nodes = new Map<NodeId, Raft>();
  private readonly disks = new Map<NodeId, PersistWrite[]>();
  private letters: Letter[] = [];
  private readonly cut = new Set<string>();
  private said: string[] = [];
  private holdDisk = new Set<NodeId>();
  private readIds = 1;
  private limits = { maxBatchEntries: 512, maxInflightAppends: 64, trailingEntries: 1024 };

  /** Carries one command out; gives what there is to say about it. */
  run(line: string): string {
    this.said = [];
    const [verb = "", ...words] = line.split(/\s+/);
    const id = words[0] ?? "";
    switch (verb) {
      case "nodes":
        for (const name of words) this.add(name, { voters: words, learners: [] });
        break;
      case "spare":
        this.add(id, { voters: [], learners: [] });
        break;
      case "wait":
        this.nowMs += Number(id);
        break;
      case "timeout":
        this.expire(this.node(id));
        break;
      case "run":
        this.live(Number(id));
        break;
      case "tick":
        this.step(id, (raft) => tick(raft, this.nowMs));
        break;
      case "propose":
        this.step(id, (raft) => {
          for (const payload of words.slice(1)) this.said.push(`${payload}: ${propose(raft, payload) ?? "refused"}`);
        });
        break;
      case "members":
        this.changeMembers(id, words.slice(1));
        break;
      case "transfer":
        this.step(id, (raft) => this.said.push(beginTransfer(raft, words[1] ?? "", this.nowMs) ?? "begun"));
        break;
      case "read":
        this.step(id, (raft) =>
          this.said.push(requestRead(raft, this.readIds++, null, this.nowMs) ? "asked" : "refused"),
        );
        break;
      case "compact":
        this.step(id, (raft) => compact(raft, Number(words[1]), `state ${words[1]}`));
        break;
      case "deliver":
        this.deliver(id === "" ? 1 : Number(id));
        break;
      case "settle":
        this.deliver(Number.POSITIVE_INFINITY);
        break;
      case "letters":
        for (const letter of this.letters) this.said.push(showLetter(letter));
        break;
      case "show":
        for (const raft of this.nodes.values()) this.said.push(showNode(raft));
        break;
      default:
        this.disturb(verb, words);
    }
    return this.said.length === 0 ? "ok" : this.said.join("\n");
  }

  /** What happens to nodes, disks and links. */
  private disturb(verb: string, words: readonly string[]): void {
    const id = words[0] ?? "";
    switch (verb) {
      case "lose-log":
        this.restart(id, true);
        break;
      case "options":
        this.limits = {
          maxBatchEntries: Number(words[0]),
          maxInflightAppends: Number(words[1]),
          trailingEntries: Number(words[2]),
        };
        break;
      case "cut":
        this.cut.add(`${id}>${words[1]}`).add(`${words[1]}>${id}`);
        break;
      case "mend":
        this.cut.clear();
        break;
      case "hold-disk":
        this.holdDisk.add(id);
        break;
      case "free-disk":
        this.holdDisk.delete(id);
        this.flush(id);
        break;
      case "crash":
        this.restart(id, false);
        break;
      default:
        throw new Error(`unknown command ${verb}`);
    }
  }

  private add(id: NodeId, members: Members): void {
    const snapshot = { index: 0, term: 0, members, data: "" };
    const hardState = { term: 0, votedFor: null, boot: 1, recovering: false };
    this.start(id, { hardState, snapshot, entries: [] });
    this.disks.set(id, []);
  }

  private start(id: NodeId, recovered: Recovered): void {
    const options = { ...DEFAULT_RAFT_OPTIONS, electionTimeoutMs: 300, heartbeatMs: 100, ...this.limits };
    this.nodes.set(id, createRaft(id, options, recovered, id.charCodeAt(0), this.nowMs));
  }

  private node(id: NodeId): Raft {
    const raft = this.nodes.get(id);
    if (raft === undefined) throw new Error(`no node ${id}`);
    return raft;
  }

  /** Time passes for all, in small steps, and what is sent arrives. */
  private live(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; this.nowMs += 10) {
      for (const id of this.nodes.keys()) this.step(id, (raft) => tick(raft, this.nowMs));
      this.deliver(Number.POSITIVE_INFINITY);
    }
  }

  /** Lets the election timer of one node run out now; a node that finds itself late waits once more. */
  private expire(raft: Raft): void {
    const before = raft.role;
    for (let tries = 0; tries < 2 && (tries === 0 || raft.role === before); tries += 1) {
      this.nowMs = Math.max(this.nowMs, Math.ceil(raft.electionDeadlineMs));
      this.step(raft.id, (one) => tick(one, this.nowMs));
    }
  }

  private changeMembers(id: NodeId, words: readonly string[]): void {
    const split = words.indexOf("learners");
    const voters = split < 0 ? words : words.slice(0, split);
    const next = { voters, learners: split < 0 ? [] : words.slice(split + 1) };
    this.step(id, (raft) => {
      const refusal = planMembersChange(raft, next);
      this.said.push(refusal ?? `entry ${proposeMembers(raft, next)}`);
    });
  }

  private step(id: NodeId, change: (raft: Raft) => void): void {
    const raft = this.node(id);
    change(raft);
    this.finish(raft);
    if (!this.holdDisk.has(id)) this.flush(id);
  }

  private finish(raft: Raft): void {
    for (const effect of finishStep(raft, this.nowMs).effects) {
      if (effect.kind === "send") this.letters.push({ from: raft.id, to: effect.to, message: effect.message });
      else if (effect.kind === "persist") this.disks.get(raft.id)?.push(effect.write);
      else if (effect.kind === "readReady") this.said.push(`${raft.id}: read ${effect.readId} at ${effect.index}`);
      else this.said.push(`${raft.id}: read ${effect.readId} failed`);
    }
  }

  private flush(id: NodeId): void {
    const raft = this.node(id);
    while (raft.persistedSequence < raft.persistSequence) {
      persisted(raft, raft.persistSequence, this.nowMs);
      this.finish(raft);
    }
  }

  /** The node stops and starts with what its disk has. A held disk loses what was not flushed. */
  private restart(id: NodeId, logLost: boolean): void {
    const raft = this.node(id);
    let hardState = { term: 0, votedFor: null as NodeId | null, boot: 1, recovering: false };
    let snapshot = { index: 0, term: 0, members: this.firstMembers(raft), data: "" };
    let entries: Entry[] = [];
    const kept = (this.disks.get(id) ?? []).filter((write) => write.sequence <= raft.persistedSequence);
    for (const write of kept) {
      if (write.hardState !== undefined) hardState = { ...write.hardState };
      if (write.snapshot !== undefined) {
        snapshot = write.snapshot;
        entries = [];
      }
      const { truncateAfter } = write;
      if (truncateAfter !== undefined) entries = entries.filter((entry) => entry.index <= truncateAfter);
      entries.push(...write.entries);
    }
    hardState = { ...hardState, boot: raft.boot + 1, recovering: logLost || hardState.recovering };
    if (logLost) {
      snapshot = { index: 0, term: 0, members: this.firstMembers(raft), data: "" };
      entries = [];
    }
    this.letters = this.letters.filter((letter) => letter.to !== id && letter.from !== id);
    this.holdDisk.delete(id);
    this.disks.set(id, [{ sequence: 0, hardState, snapshot, entries }]);
    this.start(id, { hardState, snapshot, entries });
  }

  private firstMembers(raft: Raft): Members {
    return raft.log.membersHistory[0]?.members ?? membersOf(raft.log);
  }

  private deliver(limit: number): void {
    for (let count = 0; count < limit && this.letters.length > 0; count += 1) {
      if (count > 10_000) throw new Error("the letters never end");
      const letter = this.letters.shift();
      if (letter === undefined || this.cut.has(`${letter.from}>${letter.to}`)) continue;
      this.step(letter.to, (raft) => receive(raft, letter.from, letter.message, this.nowMs));
    }
  }
}

function showNode(raft: Raft): string {
  const role = raft.recovering ? "recovering" : raft.role;
  return `${raft.id} ${role} term ${raft.term} log ${lastIndexOf(raft.log)} commit ${raft.commitIndex}`;
}

function showLetter(letter: Letter): string {
  const { message } = letter;
  const detail =
    message.kind === "append"
      ? `after ${message.prevIndex}/${message.prevTerm} [${message.entries.map((entry) => `${entry.index}/${entry.term}`).join(" ")}] commit ${message.commit}`
      : message.kind === "appendReply"
        ? `${message.ok ? "ok" : "no"} ${message.index}`
        : message.kind === "snapshot"
          ? `${message.index} from ${message.offset} of ${message.total}`
          : "granted" in message
            ? String(message.granted)
            : "";
  return `${letter.from}>${letter.to} ${message.kind} term ${message.term} ${detail}`.trimEnd();
}
