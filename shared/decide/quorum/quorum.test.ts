import { describe, expect, test } from "bun:test";
import {
  actOnQuorum,
  createQuorumState,
  decideQuorum,
  fencingDelayMs,
  type QuorumOptions,
  type QuorumState,
} from "./quorum.ts";
import { majorityOfNodes } from "./standing.ts";

const base = majorityOfNodes([]);
const nodes = (text: string) => text.split("").map((name) => ({ name, votes: 1 }));

/** Plays partitions, e.g. "abc ab a": one a step, each after 11 s; gives Q or - for each. */
function play(options: Partial<QuorumOptions>, partitions: string): string {
  const all = { ...base, ...options };
  let state: QuorumState = createQuorumState(all, 0);
  let nowMs = 0;
  let out = "";
  for (const partition of partitions.split(" ")) {
    const present = partition.split("").map((letter) => (letter === "W" ? "witness" : letter));
    state = decideQuorum(all, state, present, nowMs).state;
    nowMs += 11_000;
    state = decideQuorum(all, state, present, nowMs).state;
    out += state.quorate ? "Q" : "-";
  }
  return out;
}

const witness = { name: "witness", votes: 1 };
const table: readonly (readonly [string, Partial<QuorumOptions>, string, string])[] = [
  ["more than half of three", { nodes: nodes("abc") }, "abc ab a bc", "QQ-Q"],
  ["half of four is not enough", { nodes: nodes("abcd") }, "abcd abc ab abcd", "QQ-Q"],
  ["votes count, not heads", { nodes: [{ name: "a", votes: 3 }, ...nodes("bc")] }, "a bc", "Q-"],
  ["two nodes alone: neither half", { nodes: nodes("ab") }, "ab a b", "Q--"],
  ["two_node: either half, once both were seen", { nodes: nodes("ab"), twoNode: true }, "a ab a b", "-QQQ"],
  ["wait_for_all: no start in halves", { nodes: nodes("abc"), waitForAll: true }, "ab abc ab", "-QQ"],
  ["a witness makes two into three", { nodes: nodes("ab"), witness }, "abW aW bW a W", "QQQ--"],
  ["tie breaker: the half with the lowest stays", { nodes: nodes("abcd"), autoTieBreaker: "lowest" }, "abcd ab", "QQ"],
  ["tie breaker: the other half stops", { nodes: nodes("abcd"), autoTieBreaker: "lowest" }, "abcd cd", "Q-"],
  ["tie breaker: the highest", { nodes: nodes("abcd"), autoTieBreaker: "highest" }, "abcd cd", "QQ"],
  ["tie breaker: a list", { nodes: nodes("abcd"), autoTieBreaker: ["c", "a"] }, "abcd cd", "QQ"],
  ["tie breaker: of those last together", { nodes: nodes("abcde"), autoTieBreaker: "lowest" }, "abcde bcd", "QQ"],
  ["without last man standing the few stop", { nodes: nodes("abcde") }, "abcde abc ab", "QQ-"],
  ["last man standing shrinks on", { nodes: nodes("abcde"), lastManStanding: true }, "abcde abc ab a", "QQQ-"],
  [
    "last man standing down to one with a tie breaker",
    { nodes: nodes("abcde"), lastManStanding: true, autoTieBreaker: "lowest" },
    "abcde abc ab a",
    "QQQQ",
  ],
  ["who was dropped doesn't come back as a quorum", { nodes: nodes("abcde"), lastManStanding: true }, "abcde de", "Q-"],
];

describe("quorum", () => {
  for (const [name, options, partitions, expected] of table) {
    test(name, () => expect(play(options, partitions)).toBe(expected));
  }

  test("no two partitions of one membership are quorate at once, whatever the options but two_node", () => {
    const names = ["a", "b", "c", "d", "e"];
    for (let size = 1; size <= 5; size += 1) {
      for (const autoTieBreaker of ["none", "lowest", "highest"] as const) {
        const options = { ...base, nodes: nodes(names.slice(0, size).join("")), autoTieBreaker };
        const whole = decideQuorum(options, createQuorumState(options, 0), names.slice(0, size), 0).state;
        for (let bits = 0; bits < 1 << size; bits += 1) {
          const side = (wanted: boolean) =>
            names.slice(0, size).filter((_, at) => ((bits >> at) & 1) === Number(wanted));
          const both = [true, false].filter((wanted) => decideQuorum(options, whole, side(wanted), 1).state.quorate);
          expect(both.length).toBeLessThanOrEqual(1);
        }
      }
    }
  });

  test("no-quorum policies", () => {
    expect(actOnQuorum("suicide", true, true)).toBe("continue");
    expect(actOnQuorum("ignore", false, true)).toBe("continue");
    expect(actOnQuorum("freeze", false, true)).toBe("freeze");
    expect(actOnQuorum("suicide", false, false)).toBe("stop");
  });

  test("of two that would fence each other, exactly one waits", () => {
    for (const [a, b] of [
      [0, 0],
      [5, 0],
      [0, 5],
    ] as const) {
      const [one, two] = [
        { name: "a", weight: a },
        { name: "b", weight: b },
      ];
      expect(fencingDelayMs(one, two, 900) + fencingDelayMs(two, one, 900)).toBe(900);
    }
  });
});
