import type { Entry } from "../../effect/raft.ts";
import { entryAt, termAt } from "../../decide/raft/log.ts";
import type { Replica } from "../../decide/replica/replica.ts";

/** A safety property was broken. */
export class SafetyViolation extends Error {
  constructor(
    readonly property: string,
    message: string,
  ) {
    super(`${property}: ${message}`);
  }
}

/** What the whole group has committed, as an outside observer sees it. */
export interface LogChecker {
  readonly committed: Entry[];
  readonly leaders: Map<number, string>;
  readonly applied: Map<string, number>;
}

export function createLogChecker(): LogChecker {
  return { committed: [], leaders: new Map(), applied: new Map() };
}

/** Looks at one replica after each step: one leader per term, same entries everywhere, no committed entry missing. */
export function observeReplica(checker: LogChecker, replica: Replica): void {
  const { raft } = replica;
  const before = checker.applied.get(raft.id) ?? 0;
  if (raft.leadership !== null) {
    const known = checker.leaders.get(raft.term);
    if (known === undefined) {
      checker.leaders.set(raft.term, raft.id);
      checkLeaderHasAll(checker, replica);
    } else if (known !== raft.id) {
      throw new SafetyViolation("one leader per term", `${known} and ${raft.id} lead term ${raft.term}`);
    }
  }
  if (replica.appliedIndex <= before) return;
  for (let index = Math.max(before + 1, raft.log.baseIndex + 1); index <= replica.appliedIndex; index += 1) {
    const entry = entryAt(raft.log, index);
    const known = checker.committed[index - 1];
    if (known === undefined) checker.committed[index - 1] = entry;
    else if (known !== entry && (known.term !== entry.term || known.payload !== entry.payload)) {
      throw new SafetyViolation(
        "state machines equal",
        `${raft.id} applies entry ${index} of term ${entry.term}, others applied that of term ${known.term}`,
      );
    }
  }
  checker.applied.set(raft.id, replica.appliedIndex);
}

/** Leader completeness: what was committed in earlier terms is in the log of every later leader. */
function checkLeaderHasAll(checker: LogChecker, replica: Replica): void {
  const index = checker.committed.length;
  const last = checker.committed[index - 1];
  if (last === undefined || last.term >= replica.raft.term) return;
  const { raft } = replica;
  const covered = index <= raft.log.baseIndex || termAt(raft.log, index) === last.term;
  if (!covered) {
    throw new SafetyViolation("no committed entry lost", `${raft.id} leads term ${raft.term} without entry ${index}`);
  }
}

/** A node that starts anew applies from its snapshot on again. */
export function forgetApplied(checker: LogChecker, id: string): void {
  checker.applied.delete(id);
}
