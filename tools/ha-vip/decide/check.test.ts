import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { CHECK_DEFAULTS, type CheckSettings, type CheckTarget } from "../model/configuration.ts";
import { ROUTER_DEFAULTS, type RouterSettings } from "../model/router.ts";
import {
  afterResult,
  type CheckState,
  deviceHealth,
  effectOf,
  effectOfValue,
  healthOf,
  NOT_RUN_YET,
  onlyWaits,
  priorityWith,
  UNCHECKED,
} from "./check.ts";

const PLAIN: CheckSettings = {
  name: "web",
  target: { kind: "tcp", host: "127.0.0.1", port: 80 },
  timeoutMs: 1000,
  ...CHECK_DEFAULTS,
};

const ROUTER: RouterSettings = {
  ...ROUTER_DEFAULTS,
  name: "VI",
  vrid: 51,
  family: 4,
  version: 3,
  device: "eth0",
  intervalMs: 100,
  addresses: [],
};

/** `+` for a success, `-` for a failure. @returns what is believed after each */
function believed(results: string, rise: number, fall: number): string {
  let state: CheckState = UNCHECKED;
  let text = "";
  for (const result of results) {
    state = afterResult({ ...PLAIN, rise, fall }, state, result === "+");
    text += state.passing === true ? "+" : "-";
  }
  return text;
}

describe("a stream of results", () => {
  const streams: readonly (readonly [name: string, rise: number, fall: number, results: string, believed: string])[] = [
    ["counts at once when one is enough", 1, 1, "+-+--+", "+-+--+"],
    ["the first result counts, whatever rise and fall are", 3, 3, "-", "-"],
    ["needs as many failures in a row as fall", 1, 3, "+--+---", "++++++-"],
    ["needs as many successes in a row as rise", 3, 1, "-++-+++", "------+"],
    ["a single contradiction begins the count anew", 2, 2, "+-+-+-", "++++++"],
    ["flaps only as fast as both allow", 2, 3, "+---++---++", "+++--+++--+"],
  ];
  for (const [name, rise, fall, results, expected] of streams) {
    test(name, () => expect(believed(results, rise, fall)).toBe(expected));
  }

  test("is believed after enough of the same, whatever came before", () => {
    const some = fc.integer({ min: 1, max: 20 });
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("+", "-") }),
        some,
        some,
        fc.constantFrom("+", "-"),
        (before, rise, fall, last) => {
          const count = last === "+" ? rise : fall;
          expect(believed(before + last.repeat(count), rise, fall).at(-1)).toBe(last);
        },
      ),
    );
  });

  test("the newest number of a file is kept, and none when there is none", () => {
    const first = afterResult(PLAIN, UNCHECKED, false, -3);
    expect(first.value).toBe(-3);
    expect(afterResult(PLAIN, first, true, 0).value).toBe(0);
    expect(afterResult(PLAIN, first, false).value).toBeUndefined();
  });
});

describe("what a check does to the priority", () => {
  const effects: readonly (readonly [
    weight: number,
    reverse: boolean,
    passing: boolean,
    adjustment: number,
    fault: boolean,
  ])[] = [
    [0, false, true, 0, false],
    [0, false, false, 0, true],
    [0, true, true, 0, true],
    [0, true, false, 0, false],
    [20, false, true, 20, false],
    [20, false, false, 0, false],
    [20, true, true, -20, false],
    [20, true, false, 0, false],
    [-20, false, true, 0, false],
    [-20, false, false, -20, false],
    [-20, true, true, 0, false],
    [-20, true, false, 20, false],
  ];
  for (const [weight, reverse, passing, adjustment, fault] of effects) {
    test(`weight ${weight}${reverse ? " reverse" : ""}, ${passing ? "passing" : "failing"}`, () => {
      expect(effectOf(weight, reverse, passing)).toEqual({ adjustment, fault });
    });
  }

  const values: readonly (readonly [
    weight: number,
    reverse: boolean,
    value: number,
    adjustment: number,
    fault: boolean,
  ])[] = [
    [0, false, 0, 0, false],
    [0, false, 7, 0, true],
    [0, true, 7, 0, false],
    [0, true, 0, 0, true],
    [1, false, 20, 20, false],
    [-2, false, 20, -40, false],
    [2, true, 20, -40, false],
    [1, false, -253, -253, false],
    [1, false, -254, 0, true],
    [100, false, 100, 253, false],
  ];
  for (const [weight, reverse, value, adjustment, fault] of values) {
    test(`a file with ${value} at weight ${weight}${reverse ? " reverse" : ""}`, () => {
      const effect = effectOfValue(weight, reverse, value);
      expect(effect.fault).toBe(fault);
      expect(effect.adjustment + 0).toBe(adjustment);
    });
  }
});

describe("the health of a router", () => {
  const file: CheckTarget = { kind: "file", path: "/run/load" };
  const passing: CheckState = { passing: true, streak: 0 };
  const failing: CheckState = { passing: false, streak: 0 };
  const health = (
    tracks: Parameters<typeof healthOf>[0]["tracks"],
    checks: readonly (readonly [CheckSettings, CheckState])[],
  ) =>
    healthOf(
      { settings: ROUTER, tracks },
      new Map(checks.map(([settings, state]) => [settings.name, { settings, state }])),
    );

  test("without checks is good", () => {
    expect(health([], [])).toEqual({ name: "VI", adjustment: 0, faults: [] });
  });

  test("a check without a weight that fails is a fault, and says which", () => {
    expect(health([{ check: "web" }], [[PLAIN, failing]]).faults).toEqual(["check web fails"]);
    expect(health([{ check: "web" }], [[PLAIN, passing]]).faults).toEqual([]);
  });

  test("one that has no result yet is a fault that only waits", () => {
    const { faults } = health([{ check: "web" }], [[PLAIN, UNCHECKED]]);
    expect(faults).toEqual([`check web ${NOT_RUN_YET}`]);
    expect(onlyWaits(faults)).toBe(true);
    expect(onlyWaits([...faults, "eth0 is down"])).toBe(false);
    expect(onlyWaits([])).toBe(false);
  });

  test("the router's own weight and direction go before those of the check", () => {
    const heavy = { ...PLAIN, weight: -50 };
    expect(health([{ check: "web" }], [[heavy, failing]]).adjustment).toBe(-50);
    expect(health([{ check: "web", weight: -7 }], [[heavy, failing]]).adjustment).toBe(-7);
    expect(health([{ check: "web", weight: 0 }], [[heavy, failing]]).faults).toEqual(["check web fails"]);
    expect(health([{ check: "web", reverse: true }], [[heavy, failing]]).adjustment).toBe(50);
    expect(health([{ check: "web", reverse: false }], [[{ ...heavy, reverse: true }, failing]]).adjustment).toBe(-50);
    expect(health([{ check: "web", weight: 0, reverse: true }], [[heavy, passing]]).faults).toEqual([
      "check web passes",
    ]);
  });

  test("weights add up; a check that nobody defined is left out", () => {
    const other = { ...PLAIN, name: "disk", weight: 30 };
    const both = [{ check: "web", weight: -20 }, { check: "disk" }, { check: "nobody" }];
    expect(
      health(both, [
        [PLAIN, failing],
        [other, passing],
      ]).adjustment,
    ).toBe(10);
  });

  test("a tracked file counts by its number, and as failed when it has none", () => {
    const load = { ...PLAIN, name: "load", target: file, weight: -2 };
    expect(health([{ check: "load" }], [[load, { ...failing, value: 15 }]]).adjustment).toBe(-30);
    expect(health([{ check: "load" }], [[load, failing]]).adjustment).toBe(-2);
    expect(health([{ check: "load", weight: 1 }], [[load, { ...failing, value: -300 }]]).faults).toEqual([
      "check load fails",
    ]);
  });
});

describe("tracked interfaces", () => {
  const up = (device: string): boolean => device !== "eth1";

  test("are a fault when down without a weight", () => {
    const devices = ["eth0", "eth1"].map((device) => ({ device, weight: 0, reverse: false }));
    expect(deviceHealth(devices, up)).toEqual({ adjustment: 0, faults: ["eth1 is down"] });
  });

  test("may be wanted down", () => {
    expect(deviceHealth([{ device: "eth0", weight: 0, reverse: true }], up).faults).toEqual(["eth0 is up"]);
  });

  test("change the priority with a weight", () => {
    const devices = [
      { device: "eth0", weight: 10, reverse: false },
      { device: "eth1", weight: -30, reverse: false },
    ];
    expect(deviceHealth(devices, up)).toEqual({ adjustment: -20, faults: [] });
  });
});

describe("the priority in adverts", () => {
  const cases: readonly (readonly [base: number, adjustment: number, priority: number])[] = [
    [100, 0, 100],
    [100, -20, 80],
    [100, -500, 1],
    [250, 50, 254],
    [255, -100, 255],
    [255, 100, 255],
    [1, -1, 1],
  ];
  for (const [base, adjustment, expected] of cases) {
    test(`${base} with ${adjustment} is ${expected}`, () => {
      expect(priorityWith({ ...ROUTER, priority: base }, adjustment)).toBe(expected);
    });
  }
});
