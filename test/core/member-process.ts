import { readFileSync, writeSync } from "node:fs";
import { replicaMachine } from "../../shared/decide/replica/machine.ts";
import { monotonicNs } from "../../shared/drive/ffi/clock.ts";
import type { ClusterKey } from "../../shared/drive/raft/certificate.ts";
import { EmbeddedCoordination } from "../../shared/drive/raft/embedded.ts";
import { Group } from "../../shared/drive/raft/group.ts";
import type { PeerAddress } from "../../shared/drive/raft/transport.ts";
import { compareAndPut, put, remove, type CoordinationRecord } from "../../shared/effect/coordination.ts";

/**
 * One member of a group as a process of its own, with clients that work on it and say what they do, line by line, on
 * standard output. SIGUSR1 lets this process's clock jump forward. Settings come as one JSON argument.
 */
interface Settings {
  readonly node: string;
  readonly directory: string;
  readonly keyFile: string;
  readonly peers: Readonly<Record<string, PeerAddress>>;
  readonly clients: number;
  readonly clockRate: number;
}

const CLOCK_JUMP_MS = 3000;
const KEYS = ["a", "b", "c", "d"];
const settings: Settings = JSON.parse(process.argv[2] ?? "{}");
const clusterKey: ClusterKey = JSON.parse(readFileSync(settings.keyFile, "utf8"));
const peers = new Map(Object.entries(settings.peers));
const listen = peers.get(settings.node);
if (listen === undefined) throw new Error("this node has no address");

/** Straight to the pipe: a killed process must have said what it began. */
function say(line: object): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}

let jumpMs = 0;
process.on("SIGUSR1", () => (jumpMs += CLOCK_JUMP_MS));
/** Monotonic milliseconds that all processes of the machine share (`process.hrtime` counts from the start of each). */
const nowMs = (): number => monotonicNs() / 1e6;

const group = await Group.open({
  node: settings.node,
  directory: settings.directory,
  listen,
  peers,
  initialMembers: { voters: [...peers.keys()], learners: [] },
  clusterKey,
  createMachine: replicaMachine(settings.node, { requestTimeoutMs: 1000, snapshotEveryEntries: 500 }),
  onReason: (fact) => say({ reason: fact.code, data: fact.data }),
  clockMs: () => performance.now() * settings.clockRate + jumpMs,
});
say({ started: settings.node });

async function runClient(name: string): Promise<never> {
  const on = new EmbeddedCoordination(group, { patienceMs: 3000 });
  const seen = new Map<string, CoordinationRecord | null>();
  for (let count = 1; ; count += 1) {
    const key = KEYS[Math.floor(Math.random() * KEYS.length)] ?? "a";
    const value = `${name}.${count}`;
    const last = seen.get(key);
    const roll = Math.random();
    const kind = roll < 0.4 ? "read" : roll < 0.6 || last === undefined ? "put" : roll < 0.95 ? "cas" : "delete";
    const expected = last ?? null;
    const id = `${process.pid}.${value}`;
    say({ call: id, key, kind, value: id, expected: expected?.value ?? null, atMs: nowMs() });
    if (kind === "read") {
      const answer = await on.get(key);
      const record = answer.ok ? (answer.value.records[0] ?? null) : null;
      if (answer.ok) seen.set(key, record);
      say({ back: id, outcome: answer.ok ? "ok" : answer.code, seen: record?.value ?? null, atMs: nowMs() });
    } else {
      const answer =
        kind === "put"
          ? await put(on, key, id)
          : kind === "delete"
            ? await remove(on, key)
            : await compareAndPut(on, key, expected?.modRevision ?? 0, id);
      say({ back: id, outcome: answer.ok ? "ok" : answer.code, seen: null, atMs: nowMs() });
    }
    await Bun.sleep(2 + Math.random() * 15);
  }
}

for (let client = 0; client < settings.clients; client += 1) void runClient(`${settings.node}c${client}`);
setInterval(() => say({ status: group.status() }), 200);
