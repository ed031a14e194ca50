import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { replicaMachine } from "../../shared/decide/replica/machine.ts";
import { createClusterKey, type ClusterKey } from "../../shared/drive/raft/certificate.ts";
import { Group } from "../../shared/drive/raft/group.ts";
import type { PeerAddress } from "../../shared/drive/raft/transport.ts";
import { freePort } from "../../shared/lab/free-port.ts";
import { until } from "../../shared/lab/host.ts";
import type { Reason } from "../../shared/reason/catalogue.ts";

/** Several members in this process, each with its own directory, over real TLS on loopback. */
export class LocalGroup {
  readonly groups: (Group | null)[] = [];
  readonly reasons: Reason[] = [];
  private constructor(
    readonly names: readonly string[],
    readonly directory: string,
    readonly peers: ReadonlyMap<string, PeerAddress>,
    readonly clusterKey: ClusterKey,
  ) {}

  static async start(count: number): Promise<LocalGroup> {
    const names = Array.from({ length: count }, (_, at) => `n${at}`);
    const peers = new Map<string, PeerAddress>();
    for (const name of names) peers.set(name, { host: "127.0.0.1", port: await freePort() });
    const directory = mkdtempSync(join(tmpdir(), "core-"));
    const local = new LocalGroup(names, directory, peers, createClusterKey());
    for (let at = 0; at < count; at += 1) await local.startMember(at);
    await local.someLeader();
    return local;
  }

  async startMember(at: number): Promise<Group> {
    const node = this.names[at] ?? "";
    const listen = this.peers.get(node);
    if (listen === undefined) throw new Error("no such member");
    const group = await Group.open({
      node,
      directory: join(this.directory, node),
      listen,
      peers: this.peers,
      initialMembers: { voters: this.names, learners: [] },
      clusterKey: this.clusterKey,
      createMachine: replicaMachine(node),
      onReason: (fact) => this.reasons.push(fact),
    });
    this.groups[at] = group;
    return group;
  }

  async stopMember(at: number): Promise<void> {
    const group = this.groups[at];
    this.groups[at] = null;
    await group?.close();
  }

  /** Which member leads, as soon as one does. */
  async someLeader(): Promise<number> {
    let leader = -1;
    await until("a leader", () => {
      leader = this.groups.findIndex((group) => group?.status().role === "leader");
      return leader >= 0;
    });
    return leader;
  }

  async stop(): Promise<void> {
    for (let at = 0; at < this.groups.length; at += 1) await this.stopMember(at);
    rmSync(this.directory, { recursive: true, force: true });
  }
}
