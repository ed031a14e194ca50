/** What the command line asks for, measured and shown. */
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import { compileTools } from "../../../shared/build/compile.ts";
import { requirePrograms, requireRootNamespaces } from "../../../shared/lab/requirements.ts";
import { barOf, costBar, MANY_INSTANCES, NO_TAKE_OVERS } from "./bars.ts";
import { type Contestant, haVip, keepalived, type Plan, ucarp } from "./contestants.ts";
import { FAILOVER_CASES, type FailoverCase, repeatOnce } from "./failover.ts";
import { costOf, manyAddresses } from "./instances.ts";
import { spuriousTakeOvers } from "./load.ts";
import { describeMachine, writeFigures } from "./page.ts";
import { formatTable, Results } from "./results.ts";
import { Site } from "./site.ts";
import { takingTurns } from "./turn.ts";

const ADDRESS = "10.77.0.100/24";
const CHECKED_PORT = 8080;
const LOAD_INTERVAL_MS = 10;
const INSTANCES_INTERVAL_MS = 100;
/** A client that missed more of its own moments saw nothing that counts: the repetition is done again. */
const MISSED_LIMIT = 3;
const AGAIN_LIMIT = 5;

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    intervals: { type: "string" },
    repeat: { type: "string" },
    instances: { type: "string" },
    with: { type: "string", default: "ha-vip,keepalived,ucarp" },
    binary: { type: "string" },
    lock: { type: "string" },
    markdown: { type: "boolean", default: false },
  },
});

const only = options.only?.split(",");
const intervalsMs = (options.intervals ?? (options.quick ? "0.1" : "1,0.1,0.01"))
  .split(",")
  .map((one) => Number(one) * 1000);
const repetitions = Number(options.repeat ?? (options.quick ? 3 : 10));
const loadMs = options.quick ? 15_000 : 60_000;
const costMs = options.quick ? 5_000 : 15_000;
const instanceCounts = (options.instances ?? `1,50,${MANY_INSTANCES}`).split(",").map(Number);
const results = new Results();

const wanted = (name: string): boolean => only === undefined || only.includes(name);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const seconds = (ms: number): string => `${ms / 1000} s`;

async function contestants(): Promise<readonly Contestant[]> {
  const binary =
    options.binary ?? (await compileTools({ tools: ["ha-vip"], onlyIfStale: true, report: say })).get("ha-vip");
  if (binary === undefined) throw new Error("ha-vip was not built");
  const chosen = options.with.split(",");
  return [haVip(resolve(binary)), keepalived, ucarp].filter((one) => {
    if (!chosen.includes(one.name)) return false;
    const lacking = one.lacking();
    if (lacking !== undefined) say(`${one.name} is left out: ${lacking}`);
    return lacking === undefined;
  });
}

/** Folders that the hosts need to see beside the repository. */
function shared(): readonly string[] {
  return options.binary === undefined ? [] : [dirname(resolve(options.binary))];
}

async function repeat(one: FailoverCase, site: Site): Promise<void> {
  const { contestant, plan } = site;
  let again = 0;
  for (let count = 0; count < repetitions;) {
    await site.settle();
    const phase = (count + 0.5) / repetitions;
    const { figures, missed } = await takingTurns(options.lock, async () => await repeatOnce(one, site, phase));
    await one.mend?.(site);
    const told = Object.entries(figures).map(([name, ms]) => `${name} ${ms.toFixed(1)} ms`);
    say(
      `${contestant.name}, ${seconds(plan.intervalMs)}, ${one.title}: ${told.join(", ")}${missed === 0 ? "" : ` (the client missed ${missed})`}`,
    );
    if (missed > MISSED_LIMIT && again < AGAIN_LIMIT) {
      again += 1;
      continue;
    }
    count += 1;
    for (const [name, ms] of Object.entries(figures)) {
      const what = `${one.title}: ${one.figures[name] ?? name}`;
      results.add(
        contestant.name,
        { what, intervalMs: plan.intervalMs, unit: "ms", bar: barOf(one.name, name, plan.intervalMs) },
        ms,
      );
    }
  }
}

/** A daemon that fails in one case must not end the others' measurement. */
async function attempt(what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    say(`${what} FAILED: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}

function possible(one: FailoverCase, contestant: Contestant): boolean {
  if (one.name === "hand-over") return contestant.handOver !== undefined;
  return one.name !== "check" || contestant.name !== "ucarp";
}

async function failovers(all: readonly Contestant[]): Promise<void> {
  for (const intervalMs of intervalsMs) {
    for (const one of FAILOVER_CASES.filter(({ name }) => wanted(name))) {
      for (const contestant of all) {
        if (intervalMs < contestant.leastIntervalMs || !possible(one, contestant)) continue;
        const plan: Plan = {
          intervalMs,
          addresses: [ADDRESS],
          ...(one.name === "check" ? { checkedPort: CHECKED_PORT } : {}),
        };
        await attempt(`${contestant.name}, ${seconds(intervalMs)}, ${one.title}`, async () => {
          await using site = await Site.open(contestant, plan, shared());
          await repeat(one, site);
        });
      }
    }
  }
}

async function underLoad(all: readonly Contestant[]): Promise<void> {
  for (const contestant of all) {
    if (LOAD_INTERVAL_MS < contestant.leastIntervalMs) continue;
    await attempt(`${contestant.name} under load`, async () => {
      const plan: Plan = { intervalMs: LOAD_INTERVAL_MS, addresses: [ADDRESS] };
      await using site = await Site.open(contestant, plan, shared());
      await site.settle();
      const count = await takingTurns(options.lock, async () => await spuriousTakeOvers(site, loadMs));
      say(
        `${contestant.name}, ${seconds(LOAD_INTERVAL_MS)}, processors full for ${seconds(loadMs)}: ${count} take-overs`,
      );
      const what = `processors full for ${seconds(loadMs)}: take-overs without a reason`;
      results.add(contestant.name, { what, intervalMs: LOAD_INTERVAL_MS, unit: "", bar: NO_TAKE_OVERS }, count);
    });
  }
}

async function costs(all: readonly Contestant[]): Promise<void> {
  for (const instances of instanceCounts) {
    for (const contestant of all) {
      await attempt(`${contestant.name}, ${instances} instances`, async () => {
        const intervalMs = Math.max(INSTANCES_INTERVAL_MS, contestant.leastIntervalMs);
        await using site = await Site.open(contestant, { intervalMs, addresses: manyAddresses(instances) }, shared());
        await site.settle();
        const cost = await takingTurns(options.lock, async () => await costOf(site, costMs));
        for (const role of ["master", "backup"] as const) {
          const { processes, processorPercent, proportionalMb, residentMb } = cost[role];
          const memory = `${proportionalMb.toFixed(1)} MB proportional, ${residentMb.toFixed(1)} MB resident`;
          say(
            `${contestant.name}, ${instances} instances, ${role}: ${processorPercent.toFixed(2)} % of a core, ${memory}, ${processes} processes`,
          );
          const what = `${instances} instances, ${role}`;
          const row = { intervalMs: INSTANCES_INTERVAL_MS } as const;
          if (intervalMs === INSTANCES_INTERVAL_MS) {
            results.add(
              contestant.name,
              { ...row, what: `${what}: one core`, unit: "%", bar: costBar(instances, role, "%") },
              processorPercent,
            );
          }
          results.add(
            contestant.name,
            { ...row, what: `${what}: memory (PSS)`, unit: "MB", bar: costBar(instances, role, "MB") },
            proportionalMb,
          );
          results.add(
            contestant.name,
            { ...row, what: `${what}: memory (RSS)`, unit: "MB", bar: undefined },
            residentMb,
          );
        }
      });
    }
  }
}

/** The whole measurement, as the command line asks for it. */
export async function measure(): Promise<void> {
  const lacking = requireRootNamespaces() ?? requirePrograms("nft", "flock", "chrt");
  if (lacking !== undefined) throw new Error(lacking);
  const all = await contestants();
  const machine = describeMachine(all.map((one) => `${one.name}: ${one.version()}`));
  for (const line of machine) say(line);
  await failovers(all);
  if (wanted("load")) await underLoad(all);
  if (wanted("instances")) await costs(all);
  say("");
  say(formatTable(results.rows, "plain"));
  say(`median / 95 % / worst of ${repetitions} repetitions; ratio: keepalived's median to ours`);
  say(`${results.missed} bars missed`);
  if (options.markdown) writeFigures([...machine, ""], formatTable(results.rows, "markdown"), repetitions);
}
