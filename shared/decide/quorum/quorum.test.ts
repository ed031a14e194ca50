import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { QuorumAction } from "../../effect/membership.ts";
import {
  actOnQuorum,
  createQuorumState,
  decideQuorum,
  fencingDelayMs,
  type NoQuorumPolicy,
  type QuorumOptions,
  type QuorumState,
} from "./quorum.ts";
import { checkQuorumRules } from "./rules.ts";
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
  // The chain of votequorum(5), LAST MAN STANDING: 8 nodes, then 5, 3, 2; one alone only with a tie breaker.
  [
    "last man standing from eight down to two",
    { nodes: nodes("abcdefgh"), lastManStanding: true },
    "abcdefgh abcde abc ab a",
    "QQQQ-",
  ],
  ["without it four of eight are too few", { nodes: nodes("abcdefgh") }, "abcdefgh abcde abcd", "QQ-"],
  [
    "last man standing: a start in halves waits",
    { nodes: nodes("abcde"), lastManStanding: true },
    "abc abcde abc",
    "-QQ",
  ],
  [
    "last man standing: who returns counts at once",
    { nodes: nodes("abcde"), lastManStanding: true },
    "abcde abc abcd ad",
    "QQQ-",
  ],
  [
    "a list: the first that is configured, not the first that is here",
    { nodes: nodes("abcd"), autoTieBreaker: ["c", "a"] },
    "abcd ab",
    "Q-",
  ],
  [
    "a list: names of no nodes are passed over",
    { nodes: nodes("abcd"), autoTieBreaker: ["x", "b"] },
    "abcd ab cd",
    "QQ-",
  ],
  ["a tie breaker breaks ties only", { nodes: nodes("abcd"), autoTieBreaker: "lowest" }, "abcd a", "Q-"],
  [
    "a tie of votes, not of heads",
    { nodes: [{ name: "a", votes: 2 }, ...nodes("bc")], autoTieBreaker: "highest" },
    "a bc",
    "-Q",
  ],
  ["two nodes with a tie breaker: the lowest stays", { nodes: nodes("ab"), autoTieBreaker: "lowest" }, "ab b a", "Q-Q"],
  [
    "wait_for_all with two_node: the survivor that restarts waits",
    { nodes: nodes("ab"), twoNode: true },
    "b b ab",
    "--Q",
  ],
  ["wait_for_all doesn't wait for the witness", { nodes: nodes("ab"), witness, waitForAll: true }, "aW ab aW", "-QQ"],
  [
    "a node without votes is seen, and counts for nothing",
    { nodes: [{ name: "a", votes: 0 }, ...nodes("bc")] },
    "ab bc a",
    "-Q-",
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

  test("no two parts of a cluster are quorate at once, whatever each of them has seen before", () => {
    const split = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 6, maxLength: 6 });
    const cases = fc.record({
      votes: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 5 }),
      tie: fc.constantFrom<QuorumOptions["autoTieBreaker"][]>("none", "lowest", "highest", ["c", "a"]),
      hasWitness: fc.boolean(),
      waitForAll: fc.boolean(),
      splits: fc.array(split, { minLength: 1, maxLength: 6 }),
    });
    fc.assert(
      fc.property(cases, ({ votes, tie, hasWitness, waitForAll, splits }) => {
        const list = votes.map((count, at) => ({ name: "abcde".charAt(at), votes: count }));
        const rules = { ...base, nodes: list, waitForAll, witness: hasWitness ? witness : null };
        const known = list.some((node) => node.name === "a");
        const options = hasWitness || !known ? rules : { ...rules, autoTieBreaker: tie };
        const states = new Map(list.map((node) => [node.name, createQuorumState(options, 0)]));
        for (const [step, parts] of splits.entries()) {
          const names = [...list.map((node) => node.name), ...(hasWitness ? ["witness"] : [])];
          const partOf = (name: string): number => parts[name === "witness" ? 5 : "abcde".indexOf(name)] ?? 0;
          const quorate = new Set<number>();
          for (const { name } of list) {
            const here = names.filter((other) => partOf(other) === partOf(name));
            const { state } = decideQuorum(
              options,
              states.get(name) ?? createQuorumState(options, 0),
              here,
              step * 1000,
            );
            states.set(name, state);
            if (state.quorate) quorate.add(partOf(name));
          }
          expect(quorate.size).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  test("gained and lost say by which rule", () => {
    const why = (options: Partial<QuorumOptions>, present: string): string => {
      const all = { ...base, ...options };
      const whole = decideQuorum(all, createQuorumState(all, 0), [...all.nodes.map(({ name }) => name), "witness"], 0);
      const here = present.split("").map((letter) => (letter === "W" ? "witness" : letter));
      const outcome = decideQuorum(all, { ...whole.state, quorate: !whole.state.quorate }, here, 1);
      const again = outcome.reasons[0] ?? decideQuorum(all, whole.state, here, 1).reasons[0];
      return String(again?.data["rule"]);
    };
    expect([
      why({ nodes: nodes("abc") }, "ab"),
      why({ nodes: nodes("abc") }, "a"),
      why({ nodes: nodes("ab"), witness }, "aW"),
      why({ nodes: nodes("ab"), witness }, "a"),
      why({ nodes: nodes("abcd"), autoTieBreaker: "lowest" }, "ab"),
      why({ nodes: nodes("abcd"), autoTieBreaker: "lowest" }, "cd"),
      why({ nodes: nodes("ab"), twoNode: true }, "a"),
    ]).toEqual([
      "majority of 3 votes",
      "no majority of 3 votes",
      "majority of 3 votes, by the vote of the witness",
      "no majority of 3 votes, and the witness doesn't vote for this side",
      "half of 4 votes, with the tie breaker",
      "half of 4 votes, without the tie breaker",
      "two_node: either one of the two is enough, and fencing decides between them",
    ]);
  });

  const policies: readonly (readonly [NoQuorumPolicy, QuorumAction, QuorumAction, QuorumAction])[] = [
    // Quorate, lost after it was had, never had since the start.
    ["stop", "continue", "stop", "stop"],
    ["freeze", "continue", "freeze", "stop"],
    ["demote", "continue", "demote", "stop"],
    ["ignore", "continue", "continue", "continue"],
    ["suicide", "continue", "suicide", "stop"],
  ];
  for (const [policy, ...expected] of policies) {
    test(`no-quorum-policy=${policy}`, () => {
      expect([
        actOnQuorum(policy, true, true),
        actOnQuorum(policy, false, true),
        actOnQuorum(policy, false, false),
      ]).toEqual(expected);
    });
  }

  const wrong: readonly (readonly [string, Partial<QuorumOptions>, readonly string[]])[] = [
    ["a plain majority", { nodes: nodes("abc") }, []],
    ["two_node for three", { nodes: nodes("abc"), twoNode: true }, ["CORE_RULES_TWO_NODES"]],
    ["a disk for three", { nodes: nodes("abc"), witness: { ...witness, disk: true } }, ["CORE_RULES_TWO_NODES"]],
    ["two_node with a witness", { nodes: nodes("ab"), twoNode: true, witness }, ["CORE_RULES_EXCLUDE"]],
    ["a tie breaker with a witness", { nodes: nodes("ab"), autoTieBreaker: "lowest", witness }, ["CORE_RULES_EXCLUDE"]],
    [
      "a tie breaker with two_node",
      { nodes: nodes("ab"), autoTieBreaker: "lowest", twoNode: true },
      ["CORE_RULES_EXCLUDE"],
    ],
    [
      "last man standing with a witness",
      { nodes: nodes("abc"), lastManStanding: true, witness },
      ["CORE_RULES_EXCLUDE"],
    ],
    [
      "last man standing with weights",
      { nodes: [{ name: "a", votes: 2 }], lastManStanding: true },
      ["CORE_RULES_EQUAL_VOTES"],
    ],
    ["a tie breaker that is nobody", { nodes: nodes("ab"), autoTieBreaker: ["x"] }, ["CORE_RULES_TIE_NODES"]],
    [
      "half a vote, and a name twice",
      { nodes: [{ name: "a", votes: 0.5 }, ...nodes("a")] },
      ["CORE_RULES_VOTES", "CORE_RULES_NAME_TWICE"],
    ],
  ];
  for (const [name, options, codes] of wrong) {
    test(`rules: ${name}`, () => {
      const all = { ...base, ...options };
      expect(checkQuorumRules(all).map((fact) => fact.code)).toEqual([...codes]);
      if (codes.length > 0) expect(() => createQuorumState(all, 0)).toThrow("not checked");
    });
  }

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
