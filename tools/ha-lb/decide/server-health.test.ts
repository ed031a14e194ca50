import { describe, expect, test } from "bun:test";
import { CHECK_INTERVAL_DEFAULT_MS, type ServerCheck } from "../model/server.ts";
import {
  applyCheck,
  type CheckOutcome,
  isUsable,
  nextCheckInMs,
  startHealth,
  statusText,
  weightInForce,
} from "./server-health.ts";
import { decideRetry, type RetrySituation } from "./retry.ts";

const check: ServerCheck = {
  enabled: true,
  intervalMs: CHECK_INTERVAL_DEFAULT_MS,
  fastIntervalMs: 500,
  downIntervalMs: 9000,
  rise: 2,
  fall: 3,
  alpn: [],
  sendProxy: false,
};
const outcome = (passed: boolean, stopping = false): CheckOutcome => ({
  passed,
  stopping,
  status: passed ? "L7OK" : "L4CON",
  code: undefined,
  durationMs: 1,
  detail: "",
});

/** `+` good, `-` bad, `4` a 404 that means stop; gives the status after each. */
function story(results: string): readonly string[] {
  let state = startHealth(false, 0);
  return Array.from(results, (letter) => {
    state = applyCheck(state, outcome(letter !== "-", letter === "4"), check, 0).state;
    return statusText(state, check);
  });
}

describe("health", () => {
  test.each([
    ["+---++", ["UP", "UP 2/3", "UP 1/3", "DOWN", "DOWN 1/2", "UP"]],
    ["+-+--+", ["UP", "UP 2/3", "UP", "UP 2/3", "UP 1/3", "UP"]],
    // Right after the start there is no grace: a server that is down then is down.
    ["-++", ["DOWN", "DOWN 1/2", "UP"]],
    ["+---+-++", ["UP", "UP 2/3", "UP 1/3", "DOWN", "DOWN 1/2", "DOWN", "DOWN 1/2", "UP"]],
    ["+44+", ["UP", "NOLB", "NOLB", "UP"]],
  ])("%s", (results, statuses) => expect(story(results)).toEqual(statuses));

  test("checks come faster while the state changes and slower while it is down", () => {
    const up = applyCheck(startHealth(false, 0), outcome(true), check, 0).state;
    const going = applyCheck(up, outcome(false), check, 0).state;
    const down = applyCheck(startHealth(false, 0), outcome(false), check, 0).state;
    expect([up, going, down].map((state) => nextCheckInMs(state, check))).toEqual([2000, 500, 9000]);
  });

  test("maintenance and drain take a server out, whatever checks say", () => {
    expect(isUsable(startHealth(true, 0))).toBe(false);
    expect(isUsable({ ...startHealth(false, 0), admin: "drain" })).toBe(false);
    expect(isUsable(startHealth(false, 0))).toBe(true);
  });

  test("slow start raises the weight in steps and never to nothing", () => {
    expect([0, 500, 5000, 9999, 10_000].map((ms) => weightInForce(100, ms, 10_000))).toEqual([5, 10, 55, 100, 100]);
    expect([weightInForce(1, 0, 10_000), weightInForce(0, 0, 10_000), weightInForce(7, 0, undefined)]).toEqual([
      1, 0, 7,
    ]);
  });
});

describe("retries", () => {
  const base: RetrySituation = {
    left: 3,
    most: 3,
    redispatch: 0,
    tied: false,
    deterministic: false,
    servers: 3,
    reused: false,
    connectTimeoutMs: 5000,
  };
  test.each<[string, Partial<RetrySituation>, object]>([
    ["nothing ties it: another server at once", {}, { kind: "other-server", waitMs: 0 }],
    ["a cookie ties it: the same after a second", { tied: true }, { kind: "same-server", waitMs: 1000 }],
    ["the connect timeout is shorter", { tied: true, connectTimeoutMs: 200 }, { kind: "same-server", waitMs: 200 }],
    ["redispatch at the last retry", { tied: true, redispatch: 1, left: 1 }, { kind: "other-server", waitMs: 0 }],
    ["redispatch at every retry", { tied: true, redispatch: 1, left: 2 }, { kind: "other-server", waitMs: 0 }],
    ["a hash gives the same server", { deterministic: true }, { kind: "same-server", waitMs: 1000 }],
    ["alone", { servers: 1 }, { kind: "same-server", waitMs: 1000 }],
    ["no retry left", { left: 0 }, { kind: "give-up" }],
    [
      "an idle connection that was closed costs no retry",
      { left: 0, reused: true },
      { kind: "same-server", waitMs: 0 },
    ],
  ])("%s", (_name, change, decision) => expect(decideRetry({ ...base, ...change })).toEqual(decision as never));
});
