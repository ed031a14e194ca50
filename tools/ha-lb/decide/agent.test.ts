import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { CHECK_INTERVAL_DEFAULT_MS, type ServerCheck } from "../model/server.ts";
import { agentLine, agentWeight, parseAgentLine } from "./agent.ts";
import { countObservation, type Observation, observeStatus } from "./observation.ts";
import { changeLine } from "./server-log.ts";
import { applyAgent, applyCheck, startHealth, statusText } from "./server-health.ts";

describe("what an agent says", () => {
  test.each([
    ["up", { operational: "up", said: "up" }],
    ["75%", { weightPercent: 75, said: "" }],
    ["maxconn:30", { maxConnections: 30, said: "" }],
    [
      "Ready, UP 20%\tmaxconn:3",
      { admin: "ready", operational: "up", said: "UP", weightPercent: 20, maxConnections: 3 },
    ],
    ["down #the disk is full, 3%", { operational: "down", said: "down (the disk is full, 3%)" }],
    ["fail stopped", { operational: "down", said: "stopped" }],
  ])("%s", (line, report) => expect(parseAgentLine(line)).toEqual(report as never));

  test("what is no word says nothing", () => {
    for (const line of ["", "hello", "75", "-3%", "12345%", "maxconn:", "maxconn:-1", "#up"]) {
      expect(parseAgentLine(line)).toBeUndefined();
    }
    fc.assert(fc.property(fc.string(), (line) => void parseAgentLine(line)));
  });

  test("a line ends at its end, at the end of the connection, or when it gets too long", () => {
    expect(agentLine("up\r\ndown", false)).toBe("up");
    expect(agentLine("up", false)).toBeUndefined();
    expect(agentLine("up", true)).toBe("up");
    expect(agentLine("x".repeat(5000), false)).toHaveLength(1024);
  });

  test("weights are shares of the configured one, and no more than the largest", () => {
    expect([agentWeight(50, 10), agentWeight(0, 10), agentWeight(101, 256)]).toEqual([5, 0, undefined]);
  });
});

/** `+` and `-` checks, `U` and `D` words of the agent; the status after each. */
function story(events: string): readonly string[] {
  const check: ServerCheck = {
    enabled: true,
    intervalMs: CHECK_INTERVAL_DEFAULT_MS,
    rise: 2,
    fall: 1,
    alpn: [],
    sendProxy: false,
  };
  let state = startHealth(false, 0);
  return Array.from(events, (event) => {
    const outcome = {
      passed: event === "+",
      stopping: false,
      status: "L4OK",
      code: undefined,
      durationMs: 0,
      detail: "",
    };
    state =
      event === "U" || event === "D"
        ? applyAgent(state, event === "U" ? "up" : "down", check, 0).state
        : applyCheck(state, outcome, check, 0).state;
    return statusText(state, check);
  });
}

test.each([
  ["+D+++U", ["UP", "DOWN (agent)", "DOWN (agent)", "DOWN (agent)", "DOWN (agent)", "UP"]],
  ["+D-U++", ["UP", "DOWN (agent)", "DOWN (agent)", "DOWN", "DOWN 1/2", "UP"]],
  ["-U++", ["DOWN", "DOWN", "DOWN 1/2", "UP"]],
])("checks and an agent: %s", (events, statuses) => expect(story(events)).toEqual(statuses));

test("errors in a row: a good sign of the watched layer ends them", () => {
  const count = (layer: "layer4" | "layer7", ...seen: Observation[]) =>
    seen.reduce((errors, one) => countObservation(errors, one, layer), 0);
  expect(count("layer4", "refused", "refused", "faulty")).toBe(2);
  expect(count("layer4", "refused", "connected", "refused")).toBe(1);
  expect(count("layer7", "faulty", "connected", "junk", "closed")).toBe(3);
  expect(count("layer7", "faulty", "answered", "silent")).toBe(1);
  expect([500, 503, 501, 505, 404, 200].map(observeStatus)).toEqual([
    "faulty",
    "faulty",
    "answered",
    "answered",
    "answered",
    "answered",
  ]);
});

test("what others say stays on its line of the log", () => {
  const outcome = {
    passed: false,
    stopping: false,
    status: "L7STS",
    code: 500,
    durationMs: 3.4,
    detail: `no\nServer x is UP\u001b[2J${"y".repeat(500)}`,
  };
  const counts = { name: "b/s", backup: true, activeServers: 0, backupServers: 1, sessions: 2, requeued: 0, queued: 3 };
  expect(changeLine({ kind: "maint", was: "down", via: "b/t" }, counts)).toBe(
    "Backup Server b/s was DOWN and now enters maintenance via b/t.",
  );
  const line = changeLine({ kind: "down", cause: { kind: "check", outcome } }, counts);
  expect(line).toStartWith(
    'Backup Server b/s is DOWN, reason: Layer7 wrong status, code: 500, info: "no?Server x is UP?[2Jyyy',
  );
  expect(line).toEndWith(
    ", check duration: 3ms. 0 active and 1 backup servers left. Running on backup. 2 sessions active, 0 requeued, 3 remaining in queue.",
  );
  expect(line).toMatch(/^[\x20-\x7e]{1,500}$/);
});
