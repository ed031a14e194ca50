/** What happens to the first host, and what the client sees of it. */
import type { Probe, ProbeWindow } from "../../../shared/lab/prober/prober.ts";
import { signalAll } from "./processes.ts";
import { type Site, timeUntil } from "./site.ts";

export type CaseName = "cut" | "stop" | "hand-over" | "kill" | "hang" | "check" | "isolation";

/** Figures of one repetition, ms, by what they mean; Infinity: not in the time that was waited. */
export type Sample = Readonly<Record<string, number>>;

export interface FailoverCase {
  readonly name: CaseName;
  readonly title: string;
  /** Names of its figures, in words. */
  readonly figures: Readonly<Record<string, string>>;
  /** Acts on a settled site with a running probe, and waits for the end of the consequences. */
  run(site: Site, probe: Probe): Promise<(windows: readonly ProbeWindow[]) => Sample>;
  /** Beyond what `settle` does. */
  readonly mend?: (site: Site) => Promise<void>;
}

/** A backup has noticed after three intervals and a skew of less than one; the rest is patience. */
const TAKE_OVER_LIMIT_INTERVALS = 6;
const PATIENCE_MS = 4_000;
/** An address of a dead host that is still there after this stays. */
const GONE_LIMIT_MS = 4_000;
/** A client whose belief is wrong asks again after half a minute or so. */
const BLACK_HOLE_LIMIT_MS = 40_000;

const gapOf = (window: ProbeWindow | undefined): number => window?.longestGap?.lengthMs ?? 0;

/** Waits until the other host has the address and the client had time to notice. */
async function afterTakeOver(site: Site): Promise<void> {
  const limitMs = PATIENCE_MS + TAKE_OVER_LIMIT_INTERVALS * site.plan.intervalMs;
  await timeUntil(() => site.holds("h2") && site.clientBelieves("h2"), limitMs);
  await Bun.sleep(Math.max(300, 2 * site.plan.intervalMs));
}

const GAP = { gap: "longest gap" };

/** Everything of the daemon stops at once, so that nothing of it can react. */
function silence(name: "kill" | "hang", title: string, signal: "SIGKILL" | "SIGSTOP"): FailoverCase {
  let family: readonly number[] = [];
  return {
    name,
    title,
    figures: { owner: "new owner answers", gone: "address gone from the dead host", gap: "longest gap" },
    async run(site, probe) {
      family = site.family("h1");
      probe.mark(name);
      // Children first: a child that learns of its parent's death would still have time to say goodbye.
      signalAll(family.toReversed(), signal);
      const [gone] = await Promise.all([timeUntil(() => !site.holds("h1"), GONE_LIMIT_MS), afterTakeOver(site)]);
      return ([window]) => ({
        owner: window?.firstSwitchMs ?? Number.POSITIVE_INFINITY,
        gone,
        gap: gapOf(window),
      });
    },
    mend: async (site) => site.sweep("h1", family),
  };
}

const cut: FailoverCase = {
  name: "cut",
  title: "link cut",
  figures: GAP,
  async run(site, probe) {
    probe.mark("cut");
    await site.lab.cut("h1");
    await afterTakeOver(site);
    return ([window]) => ({ gap: gapOf(window) });
  },
};

function stop(): FailoverCase {
  let family: readonly number[] = [];
  return {
    name: "stop",
    title: "graceful stop",
    figures: GAP,
    async run(site, probe) {
      family = site.family("h1");
      probe.mark("stop");
      site.daemon("h1").signal("SIGTERM");
      await afterTakeOver(site);
      return ([window]) => ({ gap: gapOf(window) });
    },
    mend: async (site) => {
      await site.ended("h1");
      await site.sweep("h1", family);
    },
  };
}

const handOver: FailoverCase = {
  name: "hand-over",
  title: "planned hand-over",
  figures: GAP,
  async run(site, probe) {
    probe.mark("hand-over");
    await site.contestant.handOver?.(site.host("h1"));
    await afterTakeOver(site);
    return ([window]) => ({ gap: gapOf(window) });
  },
  mend: async (site) => site.contestant.handBack?.(site.host("h1")),
};

/** The client's own service is what dies: its gap reaches from the fault to the new owner's first answer. */
const check: FailoverCase = {
  name: "check",
  title: "tracked TCP check fails",
  figures: { gap: "fault to new owner" },
  async run(site, probe) {
    probe.mark("check");
    site.killServices("h1");
    await afterTakeOver(site);
    return ([window]) => ({ gap: gapOf(window) });
  },
};

/** The two routers lose sight of each other, silently; the client sees both. Then the network heals. */
const isolation: FailoverCase = {
  name: "isolation",
  title: "silent isolation, healed",
  figures: { hole: "black hole after healing" },
  async run(site, probe) {
    probe.mark("isolated");
    await site.lab.partition([["h1"], ["h2"]]);
    await afterTakeOver(site);
    probe.mark("healed");
    await site.lab.heal();
    await timeUntil(() => site.clientBelieves("h1") && !site.holds("h2"), BLACK_HOLE_LIMIT_MS);
    await Bun.sleep(Math.max(500, 3 * site.plan.intervalMs));
    return ([, healed]) => ({ hole: gapOf(healed) });
  },
};

export const FAILOVER_CASES: readonly FailoverCase[] = [
  cut,
  stop(),
  handOver,
  silence("kill", "kill -9 of everything", "SIGKILL"),
  silence("hang", "SIGSTOP of everything", "SIGSTOP"),
  isolation,
  check,
];

/**
 * One repetition on a site. The fault falls into the given part (0 to 1) of the time between two adverts, so that
 * a few repetitions are spread over all of it, equally for everybody.
 */
export async function repeatOnce(one: FailoverCase, site: Site, phase: number): Promise<Observation> {
  const probe = await site.probe();
  // A script's moments can't be seen from outside: any moment of its second.
  if (one.name === "check") await Bun.sleep(Math.random() * 1000);
  else await site.sleepToPhase(phase);
  const figures = await one.run(site, probe);
  const { windows } = await probe.stop();
  return { figures: figures(windows), missed: Math.max(...windows.map(missedQuestions)) };
}

export interface Observation {
  readonly figures: Sample;
  /** Questions that the client should have asked but came too late for. */
  readonly missed: number;
}

function missedQuestions({ lengthMs, sent }: ProbeWindow): number {
  return Math.max(0, Math.floor(lengthMs) - sent);
}
