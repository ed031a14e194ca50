/**
 * Thousands of idle connections and a thousand slow clients at once, while others want to be served: the balancer's
 * memory, what the others notice, and what becomes of the slow ones. First ha-lb, then haproxy, by the same rules.
 * All of them need 13,000 descriptors in a process (`ulimit -n`).
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { CASES, type Place } from "./cases.ts";
import { openIdle } from "./idle.ts";
import { type Figures, measure, warmUp } from "./load.ts";
import { familyOf, memoryOf } from "./processes.ts";
import { start } from "./programs.ts";
import { SlowClients, startSink } from "./slow-clients.ts";

const PORT = 24_210;
const SINK_PORT = 24_211;
const SAMPLE_MS = 250;
/** The first bytes to all readers are a burst of their own: the others are measured after it. */
const BURST_MS = 3000;
/** By then every limit below has passed. */
const OUTCOME_MS = 12_000;
const SETTLE_MS = 500;

export interface Crowd {
  readonly idle: number;
  readonly slow: number;
  readonly seconds: number;
}

const configurationOf = (place: Place): string => `global
 maxconn 11500
 no strict-limits
defaults
 mode http
 timeout connect 5s
 timeout client 12s
 timeout server 30s
 timeout http-request 12s
 timeout http-keep-alive 120s
frontend f
 bind 127.0.0.1:${PORT}
 use_backend sink if { path /upload }
 default_backend b
backend sink
 server s0 127.0.0.1:${SINK_PORT}
backend b
${place.backends.map((backend, index) => ` server s${index} 127.0.0.1:${backend}`).join("\n")}
`;

interface Report {
  readonly alone: Figures;
  readonly crowded: Figures;
  readonly idleMb: number;
  readonly peakMb: number;
  readonly outcomes: readonly string[];
}

async function run(command: readonly string[], place: Place, crowd: Crowd): Promise<Report> {
  const shape = CASES.find((one) => one.name === "keep-alive");
  if (shape === undefined) throw new Error("no case for the others");
  const others = { ...shape, connections: 8 };
  const file = join(place.folder, "slow.cfg");
  writeFileSync(file, configurationOf(place));
  const running = await start([...command, "-f", file, "-db"], PORT);
  const slow = new SlowClients();
  const residentMb = (): number => memoryOf(familyOf(running.pid)).residentMb;
  try {
    await warmUp(others, PORT);
    const alone = await measure(others, PORT, running.pid, crowd.seconds);
    const idleMb = residentMb();
    let peakMb = idleMb;
    const sampler = setInterval(() => (peakMb = Math.max(peakMb, residentMb())), SAMPLE_MS);
    const idle = await openIdle(PORT, crowd.idle);
    await slow.open(PORT, crowd.slow);
    await Bun.sleep(BURST_MS);
    const crowded = await measure(others, PORT, running.pid, crowd.seconds);
    await Bun.sleep(OUTCOME_MS);
    slow.readAll();
    await Bun.sleep(SETTLE_MS);
    clearInterval(sampler);
    for (const socket of idle) socket.terminate();
    return { alone, crowded, idleMb, peakMb, outcomes: slow.outcomes() };
  } finally {
    slow.close();
    await running.stop();
  }
}

function print(name: string, { alone, crowded, idleMb, peakMb, outcomes }: Report, { idle, slow }: Crowd): void {
  const rate = (figures: Figures): string => `${figures.perSecond.toFixed(0)} requests/s, p99 ${figures.p99Ms} ms`;
  const each = ((peakMb - idleMb) * 1024) / (idle + slow);
  process.stdout.write(
    `${name}: alone ${rate(alone)}; beside ${idle} idle and ${slow} slow ones ${rate(crowded)} ${crowded.errors}
  ${idleMb.toFixed(0)} MB before, ${peakMb.toFixed(0)} MB at most: ${each.toFixed(1)} KB for each of them
${outcomes.map((outcome) => `  ${outcome}`).join("\n")}\n`,
  );
}

export async function compareSlow(ours: readonly string[], place: Place, crowd: Crowd): Promise<void> {
  const sink = startSink(SINK_PORT);
  try {
    for (const [name, command] of [
      ["ha-lb", ours],
      ["haproxy", ["haproxy"]],
    ] as const) {
      print(name, await run(command, place, crowd), crowd);
    }
  } finally {
    sink.stop();
  }
}
