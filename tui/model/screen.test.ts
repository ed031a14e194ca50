import { describe, expect, test } from "bun:test";
import type { StatusReport } from "../../shared/model/status.ts";
import { displayWidth } from "../../shared/text/width.ts";
import { type HostSample, joinCluster } from "./cluster.ts";
import { plainText } from "./line.ts";
import { renderOnce, renderScreen, type ScreenState } from "./screen.ts";

const NOW = 50_000;

function report(host: string, tool: StatusReport["tool"], services: StatusReport["services"]): StatusReport {
  return {
    schema: 1,
    tool,
    version: "0.1.0",
    host,
    sampledAtMs: 1_700_000_000_000,
    configuration: "command line",
    services,
    attention: [],
    events: [],
  };
}

function vip(state: "active" | "standby" | "failed"): StatusReport["services"][number] {
  return { name: "vip 10.0.0.100/24", kind: "vip", state: "up", here: { state }, detail: "vrid 51" };
}

function host(
  name: string,
  state: "active" | "standby" | "failed",
  heardAtMs: number | undefined = NOW - 100,
): HostSample {
  return { host: name, heardAtMs, reports: [report(name, "ha-vip", [vip(state)])] };
}

const SCREEN: ScreenState = {
  columns: 100,
  rows: 24,
  ascii: false,
  selected: 0,
  faultsOnly: false,
  frozen: false,
  help: false,
  focus: "services",
};
const HEAD = { cluster: "web-prod", clock: "03:12:44" };

function screen(samples: readonly HostSample[], change: Partial<ScreenState> = {}): string[] {
  return renderScreen(joinCluster(samples, NOW), HEAD, { ...SCREEN, ...change }).map(plainText);
}

describe("the state of a floating address", () => {
  const cases: readonly (readonly [string, readonly HostSample[], string, string])[] = [
    ["one owner is up", [host("n1", "active"), host("n2", "standby")], "up", "ok"],
    ["no owner is down", [host("n1", "standby"), host("n2", "standby")], "down", "down"],
    ["two owners are a fault", [host("n1", "active"), host("n2", "active")], "degraded", "degraded"],
    ["what a silent host said last doesn't count", [host("n1", "active", 0), host("n2", "standby")], "down", "down"],
    [
      "an owner with a silent neighbour: reaching users, but not safe",
      [host("n1", "active"), host("n2", "standby", 0)],
      "up",
      "degraded",
    ],
    ["nobody answers: nothing is known", [host("n1", "active", 0), host("n2", "standby", 0)], "unknown", "silent"],
  ];
  for (const [name, samples, service, cluster] of cases) {
    test(name, () => {
      const view = joinCluster(samples, NOW);
      expect(view.services[0]?.state).toBe(service as never);
      expect(view.state).toBe(cluster as never);
    });
  }
});

describe("the main screen", () => {
  test("a healthy cluster fits in 12 lines", () => {
    const samples = [host("n1", "active"), host("n2", "standby"), host("n3", "standby")];
    const lines = screen(samples, { rows: 12 });
    expect(lines.length).toBeLessThanOrEqual(12);
    expect(lines.join("\n")).toContain("OK");
    expect(lines.join("\n")).toContain("vip 10.0.0.100/24");
  });

  test("no row is wider than the screen and no screen has more rows, at any size", () => {
    const samples = Array.from({ length: 9 }, (_, index) => host(`node-${index}`, index === 0 ? "active" : "standby"));
    for (const columns of [20, 80, 100, 200]) {
      for (const rows of [5, 12, 24, 60]) {
        const lines = screen(samples, { columns, rows });
        expect(lines.length).toBeLessThanOrEqual(rows);
        for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
      }
    }
  });

  test("worst first: a service that is down stands above one that is up", () => {
    const both = [vip("active"), { ...vip("standby"), name: "vip 10.0.0.99/24" }];
    const lines = screen([{ host: "n1", heardAtMs: NOW, reports: [report("n1", "ha-vip", both)] }]);
    const rowOf = (name: string): number => lines.findIndex((line) => line.includes(name));
    expect(rowOf("10.0.0.99")).toBeLessThan(rowOf("10.0.0.100"));
  });

  test("a silent host is named under ATTENTION with the reason", () => {
    const samples = [
      host("n1", "active"),
      { host: "n2", heardAtMs: undefined, reports: [], problem: "no daemon listens" },
    ];
    const text = screen(samples).join("\n");
    expect(text).toContain("ATTENTION 1");
    expect(text).toContain("n2: no daemon listens");
  });

  test("an old picture says so", () => {
    const view = { ...joinCluster([host("n1", "active")], NOW), ageMs: 9_000 };
    expect(plainText(renderScreen(view, HEAD, SCREEN)[0] ?? { segments: [] })).toContain("STALE 9 s");
  });

  test("--ascii uses seven bits only", () => {
    const samples = [host("n1", "active"), host("n2", "failed", 0)];
    expect(/^[\u0020-\u007e\n]*$/.test(screen(samples, { ascii: true }).join("\n"))).toBe(true);
  });

  test("text from a host can't send control sequences to the terminal", () => {
    const evil = { ...vip("active"), detail: "\u001b]0;owned\u0007\u001b[2J" };
    const text = screen([{ host: "n1", heardAtMs: NOW, reports: [report("n1", "ha-vip", [evil])] }]).join("\n");
    expect(text).not.toContain("\u001b");
    expect(text).not.toContain("\u0007");
  });

  test("the cursor stays in sight of a long list, which says what it hides", () => {
    const services = Array.from({ length: 200 }, (_, index) => ({ ...vip("active"), name: `vip ${index + 1000}` }));
    const samples = [{ host: "n1", heardAtMs: NOW, reports: [report("n1", "ha-vip", services)] }];
    const text = screen(samples, { selected: 150 }).join("\n");
    expect(text).toContain("vip 1150");
    expect(text).toMatch(/\d+-\d+ of 200/);
  });

  test("one shot has every service and no key bar", () => {
    const text = renderOnce(joinCluster([host("n1", "active")], NOW), HEAD, false);
    expect(text).toContain("vip 10.0.0.100/24");
    expect(text).not.toContain("quit");
  });
});
