import { describe, expect, test } from "bun:test";
import { isReplicaMessage } from "../../shared/drive/raft/message-shape.ts";
import type { ReplicaMessage } from "../../shared/effect/replica.ts";
import { makeDirectedSchedule } from "../../shared/sim/schedule.ts";
import { World } from "../../shared/sim/world.ts";

/** Every message that simulated clusters send, as it would come over the wire. */
function messagesOfRuns(): Map<string, unknown[]> {
  const kinds = new Map<string, unknown[]>();
  const keep = (message: ReplicaMessage): void => {
    const name = message.kind === "forward" ? `forward ${message.request.kind}` : message.kind;
    const known = kinds.get(name) ?? [];
    kinds.set(name, known);
    if (known.length < 20) known.push(JSON.parse(JSON.stringify(message)));
  };
  for (const profile of ["any", "holders", "ambushes"] as const) {
    for (let seed = 1; seed <= 25; seed += 1) {
      const schedule = makeDirectedSchedule(profile, seed);
      const world = new World(schedule, false);
      world.traps.add((_from, _to, message) => {
        keep(message);
        return 0;
      });
      world.runUntil(schedule.chaosMs);
    }
  }
  return kinds;
}

const KINDS = messagesOfRuns();
const FIELDS_THAT_MAY_BE_MISSING = new Set(["leader", "lease", "session", "code"]);

describe("what comes over the wire", () => {
  test("every kind of message is there", () => {
    const kinds = [
      "preVote",
      "vote",
      "preVoteReply",
      "voteReply",
      "append",
      "appendReply",
      "snapshot",
      "snapshotReply",
    ];
    const more = ["timeoutNow", "recover", "recoverReply", "forwardReply", "forward read", "forward write"];
    for (const kind of [...kinds, ...more, "forward openSession", "forward keepAlive"])
      expect([...KINDS.keys()]).toContain(kind);
  });

  for (const [kind, messages] of KINDS) {
    test(`${kind}: is taken as it was sent, and not with a field missing or of another type`, () => {
      for (const message of messages) {
        expect(isReplicaMessage(message)).toBe(true);
        if (typeof message !== "object" || message === null) throw new Error("no object");
        for (const [name, value] of Object.entries(message)) {
          if (FIELDS_THAT_MAY_BE_MISSING.has(name)) continue;
          const without = Object.fromEntries(Object.entries(message).filter(([other]) => other !== name));
          expect([name, isReplicaMessage(without)]).toEqual([name, false]);
          for (const wrong of [null, -1, 0.5, {}, typeof value === "string" ? 3 : "three", [[]]]) {
            expect([name, wrong, isReplicaMessage({ ...message, [name]: wrong })]).toEqual([name, wrong, false]);
          }
        }
      }
    });
  }
});
