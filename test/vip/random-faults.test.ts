/** Whatever happened: when it ends, exactly one host has the address, and the client knows which. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { WitnessBook } from "../../tools/ha-vip/decide/witness.ts";
import type { RouterSettings } from "../../tools/ha-vip/model/router.ts";
import { ip, PLAIN_ROUTER } from "./scenario/plain.ts";
import { type Host, World } from "./scenario/world.ts";

const NAMES = ["a", "b", "c"] as const;
const PLACES = [...NAMES, "client", "witness"] as const;
/** Longest healing: all hosts start again, listen, and the kernel's lifetimes run out. */
const HEAL_MS = 5_000;

const settingsOf = (priority: number, preempt: boolean, handOver: boolean, witness: boolean): RouterSettings => ({
  ...PLAIN_ROUTER,
  priority,
  preempt,
  handOver,
  witness,
});

type Fault = readonly [kind: string, host: number, other: number, amount: number];

const HEALTHY = (host: Host) =>
  ({ kind: "health", priority: host.settings.priority, faults: [] as readonly string[] }) as const;

function start(world: World, host: Host): void {
  host.dead = false;
  host.frozen = false;
  world.give(host, { kind: "start", priority: host.settings.priority, faults: [] });
}

function apply(world: World, [kind, index, otherIndex, amount]: Fault): void {
  const host = world.host(NAMES[index % NAMES.length] ?? "a");
  const other = PLACES[otherIndex % PLACES.length] ?? "b";
  switch (kind) {
    case "cut":
      if (other !== host.name) world.cut(host.name, other);
      break;
    case "heal":
      world.heal();
      break;
    case "kill":
      world.kill(host, amount % 2 === 0);
      break;
    case "start":
      if (host.dead || host.state.role === "stopped") start(world, host);
      break;
    case "freeze":
      host.frozen = true;
      break;
    case "thaw":
      host.frozen = false;
      break;
    case "stop":
      world.give(host, { kind: "stop" });
      break;
    case "fault":
      if (host.state.role !== "stopped")
        world.give(host, { kind: "health", priority: host.settings.priority, faults: ["check"] });
      break;
    case "priority":
      if (host.state.role !== "stopped") world.give(host, { kind: "health", priority: 1 + (amount % 254), faults: [] });
      break;
    case "mend":
      if (host.state.role !== "stopped") world.give(host, HEALTHY(host));
      break;
  }
  world.run(amount);
}

const faults = fc.array(
  fc.tuple(
    fc.constantFrom(
      "cut",
      "cut",
      "heal",
      "kill",
      "start",
      "freeze",
      "thaw",
      "stop",
      "fault",
      "priority",
      "mend",
      "wait",
    ),
    fc.nat(2),
    fc.nat(4),
    fc.nat(900),
  ),
  { maxLength: 25 },
);

describe("random faults", () => {
  test("end with one owner, which the client knows, and no host is left in a wrong state", () => {
    const kind = fc.record({
      preempt: fc.boolean(),
      handOver: fc.boolean(),
      witness: fc.boolean(),
      delayMs: fc.constantFrom(1, 1, 5, 20),
    });
    fc.assert(
      fc.property(faults, kind, (schedule, { delayMs, handOver, preempt, witness }) => {
        const world = new World();
        world.delayMs = delayMs;
        world.witness = new WitnessBook(0);
        for (const [index, name] of NAMES.entries()) {
          world.add(name, ip(`10.0.0.${index + 1}`), settingsOf(100 + index * 50, preempt, handOver, witness));
        }
        for (const host of world.hosts.values()) start(world, host);
        world.run(1_000);
        for (const fault of schedule) apply(world, fault);
        world.heal();
        for (const host of world.hosts.values()) {
          host.frozen = false;
          if (host.dead || host.state.role === "stopped") start(world, host);
          else if (host.state.role !== "master" || host.state.leaving === undefined) world.give(host, HEALTHY(host));
        }
        world.run(HEAL_MS);
        for (const host of world.hosts.values()) if (host.state.role === "stopped") start(world, host);
        world.run(HEAL_MS);
        const owners = world.owners();
        expect(owners).toHaveLength(1);
        expect(world.client).toBe(owners[0]);
        const masters = [...world.hosts.values()].filter((host) => host.state.role === "master");
        expect(masters.map((host) => host.name)).toEqual(owners);
        world.forgetTimes();
        world.run(HEAL_MS);
        world.forgetTimes();
        expect(world.owners()).toEqual(owners);
      }),
      { numRuns: 400 },
    );
  }, 180_000);
});
