import { describe, expect, test } from "bun:test";
import {
  cancelWaitForAll,
  createStanding,
  fencingConfirmed,
  fencingFailed,
  majorityOfNodes,
  stepStanding,
  type Presence,
  type Standing,
  type StandingOptions,
} from "./standing.ts";

const ALL = ["a", "b", "c"];
const options: StandingOptions = {
  self: "a",
  quorum: majorityOfNodes(ALL),
  policy: "stop",
  weights: {},
  fencing: true,
  fencingDelayMs: 3000,
  fencingRetryMs: 2000,
  joinGraceMs: 5000,
  selfFenceMs: 10_000,
  driftRatio: 0.05,
  lossGraceMs: 300,
  adoptGraceMs: 1000,
};
/** A view in which everybody in it vouches for this node. */
function seen(names: string, more: Partial<Presence> = {}): Presence {
  const members = names.split("");
  return { members, vouchers: members, ruledOut: ALL.filter((name) => !members.includes(name)), heldBack: [], ...more };
}
const at = (standing: Standing, presence: Presence, nowMs: number): string => {
  const { action, fence, safe } = stepStanding(standing, presence, nowMs);
  return [action, ...fence.map((order) => `fence ${order.peer}`), ...safe.map((name) => `${name} safe`)].join(", ");
};

describe("standing", () => {
  test("a lost node is fenced at once, and safe when that is confirmed", () => {
    const standing = createStanding(options, 0);
    expect(at(standing, seen("abc"), 0)).toBe("continue");
    const [order] = stepStanding(standing, seen("ab"), 100).fence;
    if (order === undefined) throw new Error("no fencing");
    expect(at(standing, seen("ab"), 200)).toBe("continue");
    fencingFailed(standing, order, 300);
    expect(at(standing, seen("ab"), 2300)).toBe("continue, fence c");
    fencingConfirmed(standing, { ...order, sinceMs: 99 });
    expect(at(standing, seen("ab"), 2400)).toBe("continue");
    fencingConfirmed(standing, order);
    expect(at(standing, seen("ab"), 2500)).toBe("continue, c safe");
    expect(at(standing, seen("abc"), 2600)).toBe("continue");
  });

  test("without fencing, a lost node is safe when its watchdog surely bit, on the slowest clock", () => {
    const standing = createStanding({ ...options, fencing: false }, 0);
    at(standing, seen("abc"), 0);
    at(standing, seen("ab"), 1000);
    expect(at(standing, seen("ab"), 12_000)).toBe("continue");
    expect(at(standing, seen("ab"), 12_100)).toBe("continue, c safe");
  });

  test("what keeps running without quorum is never taken for stopped", () => {
    const standing = createStanding({ ...options, policy: "freeze", fencing: false }, 0);
    at(standing, seen("abc"), 0);
    at(standing, seen("ab"), 1000);
    expect(at(standing, seen("ab"), 100_000)).toBe("continue");
  });

  test("two nodes that wait for each other no longer do when the operator ended it", () => {
    const two = { ...majorityOfNodes(["a", "b"]), twoNode: true };
    const standing = createStanding({ ...options, quorum: two }, 0);
    const alone = { members: ["a"], vouchers: ["a"], ruledOut: ["b"], heldBack: [] };
    expect(stepStanding(standing, alone, 0).quorate).toBe(false);
    cancelWaitForAll(standing);
    expect(stepStanding(standing, alone, 100).quorate).toBe(true);
  });

  test("a node that somebody is about to take in is neither fenced nor taken over", () => {
    const standing = createStanding(options, 0);
    at(standing, seen("abc"), 0);
    expect(at(standing, seen("ab", { ruledOut: [] }), 60_000)).toBe("continue");
    expect(at(standing, seen("ab", { heldBack: ["c"] }), 120_000)).not.toContain("fence");
  });

  test("a short loss of quorum freezes, a longer one stops; the wait for others begins anew after it", () => {
    const standing = createStanding({ ...options, fencing: false }, 0);
    at(standing, seen("abc"), 0);
    at(standing, seen("ab"), 1000);
    expect(at(standing, seen("a"), 1100)).toBe("freeze");
    expect(at(standing, seen("a"), 1500)).toBe("stop");
    expect(at(standing, seen("ab"), 12_200)).toBe("continue");
  });

  test("who isn't in its own view has no quorum, whoever it hears", () => {
    const standing = createStanding(options, 0);
    expect(
      stepStanding(standing, { members: ["b", "c"], vouchers: ["b", "c"], ruledOut: [], heldBack: [] }, 0).quorate,
    ).toBe(false);
  });

  test("of two nodes the first by name shoots first; the other one waits", () => {
    const two = { ...majorityOfNodes(["a", "b"]), twoNode: true };
    const first = createStanding({ ...options, quorum: two, joinGraceMs: 0 }, 0);
    const second = createStanding({ ...options, self: "b", quorum: two, joinGraceMs: 0 }, 0);
    const together = { members: ["a", "b"], vouchers: ["a", "b"], ruledOut: [], heldBack: [] };
    at(first, together, 0);
    at(second, together, 0);
    const alone = (self: string, peer: string): Presence => ({
      members: [self],
      vouchers: [self],
      ruledOut: [peer],
      heldBack: [],
    });
    expect(at(first, alone("a", "b"), 100)).toBe("continue, fence b");
    expect(at(second, alone("b", "a"), 100)).toBe("continue");
    expect(at(second, alone("b", "a"), 3100)).toBe("continue, fence a");
  });

  test("a daemon that starts beside running services waits before it stops them", () => {
    const standing = createStanding(options, 0);
    expect(at(standing, seen("a"), 900)).toBe("freeze");
    expect(at(standing, seen("a"), 1000)).toBe("stop");
  });
});
