import { EtcdCoordination } from "../../../shared/drive/etcd/coordination.ts";
import { ControlCoordination } from "../../../shared/drive/raft/control-coordination.ts";
import { put, type Coordination } from "../../../shared/effect/coordination.ts";

/**
 * A client process that writes as fast as it gets answers, to either engine: to the core over its members' control sockets, to
 * etcd over its members' HTTP gateways. One JSON argument; one line of JSON as the result.
 */
interface LoadSettings {
  readonly engine: "core" | "etcd";
  readonly endpoints: readonly string[];
  readonly clients: number;
  readonly forMs: number;
  readonly valueLength: number;
}

/** A daemon works on 32 requests of one connection at a time. */
const CLIENTS_A_CONNECTION = 30;
const settings: LoadSettings = JSON.parse(process.argv[2] ?? "{}");

function connect(endpoint: string): Coordination {
  return settings.engine === "core"
    ? new ControlCoordination(endpoint)
    : new EtcdCoordination({ endpoints: [endpoint], timeoutMs: 10_000 });
}

const connections: Coordination[] = [];
for (let made = 0; made * CLIENTS_A_CONNECTION < settings.clients || made < settings.endpoints.length; made += 1) {
  connections.push(connect(settings.endpoints[made % settings.endpoints.length] ?? ""));
}
const value = "x".repeat(settings.valueLength);
const latencies: number[] = [];
let failed = 0;
const endMs = performance.now() + settings.forMs;

async function client(index: number): Promise<void> {
  const on = connections[index % connections.length];
  if (on === undefined) throw new Error("no connection");
  for (let count = 0; performance.now() < endMs; count += 1) {
    const startMs = performance.now();
    const answer = await put(on, `bench/${process.pid}/${index}/${count % 10}`, value);
    if (answer.ok) latencies.push(performance.now() - startMs);
    else failed += 1;
  }
}

await Promise.all(Array.from({ length: settings.clients }, (_, index) => client(index)));
latencies.sort((a, b) => a - b);
const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? 0;
console.log(JSON.stringify({ writes: latencies.length, failed, p50Ms: at(0.5), p99Ms: at(0.99) }));
process.exit(0);
