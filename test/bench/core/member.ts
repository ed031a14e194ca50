import { readFileSync, writeSync } from "node:fs";
import { startControlServer } from "../../../shared/drive/control/server.ts";
import { coordinationMethods } from "../../../shared/drive/raft/control-methods.ts";
import { VERSION } from "../../../shared/model/version.ts";
import { replicaMachine } from "../../../shared/decide/replica/machine.ts";
import type { ClusterKey } from "../../../shared/drive/raft/certificate.ts";
import { EmbeddedCoordination } from "../../../shared/drive/raft/embedded.ts";
import { Group } from "../../../shared/drive/raft/group.ts";
import type { PeerAddress } from "../../../shared/drive/raft/transport.ts";
import { put } from "../../../shared/effect/coordination.ts";

/** One member as a process of its own, for measurements. Orders come as lines on standard input, answers as lines. */
interface Settings {
  readonly node: string;
  readonly directory: string;
  readonly keyFile: string;
  /** Where clients outside the member reach it. */
  readonly socketPath: string;
  readonly peers: Readonly<Record<string, PeerAddress>>;
}

const settings: Settings = JSON.parse(process.argv[2] ?? "{}");
const clusterKey: ClusterKey = JSON.parse(readFileSync(settings.keyFile, "utf8"));
const peers = new Map(Object.entries(settings.peers));
const listen = peers.get(settings.node);
if (listen === undefined) throw new Error("this node has no address");
const say = (line: object): void => void writeSync(1, `${JSON.stringify(line)}\n`);

const group = await Group.open({
  node: settings.node,
  directory: settings.directory,
  listen,
  peers,
  initialMembers: { voters: [...peers.keys()], learners: [] },
  clusterKey,
  createMachine: replicaMachine(settings.node),
  onReason: (fact) => say({ reason: fact.code, data: fact.data }),
});
const on = new EmbeddedCoordination(group);
const control = await startControlServer({
  tool: "ha-crm",
  version: VERSION,
  path: settings.socketPath,
  methods: coordinationMethods(on, () => group.status()),
});
if (!control.ok) throw new Error(control.problems[0]?.sentence);

async function load(clients: number, forMs: number, valueLength: number): Promise<void> {
  const latencies: number[] = [];
  let failed = 0;
  const endMs = performance.now() + forMs;
  const value = "x".repeat(valueLength);
  const client = async (index: number): Promise<void> => {
    for (let count = 0; performance.now() < endMs; count += 1) {
      const startMs = performance.now();
      const answer = await put(on, `bench/${settings.node}/${index}/${count % 10}`, value);
      if (answer.ok) latencies.push(performance.now() - startMs);
      else failed += 1;
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, index) => client(index)));
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? 0;
  say({ done: true, writes: latencies.length, failed, p50Ms: at(0.5), p99Ms: at(0.99) });
}

let rest = "";
for await (const bytes of Bun.stdin.stream()) {
  const lines = (rest + new TextDecoder().decode(bytes)).split("\n");
  rest = lines.pop() ?? "";
  for (const line of lines) {
    const order: {
      readonly kind: string;
      readonly clients: number;
      readonly forMs: number;
      readonly valueLength: number;
    } = JSON.parse(line);
    if (order.kind === "load") void load(order.clients, order.forMs, order.valueLength);
    else if (order.kind === "status") say({ status: group.status() });
  }
}
