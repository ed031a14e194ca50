import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClusterKey } from "../../../shared/drive/raft/certificate.ts";
import type { ReplicaStatus } from "../../../shared/effect/replica.ts";
import { freePort } from "../../../shared/lab/free-port.ts";
import { until } from "../../../shared/lab/host.ts";

export interface LoadResult {
  readonly writes: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

type Line = Readonly<Record<string, unknown>>;

/** A member process under measurement. */
export class BenchMember {
  readonly lines: Line[] = [];
  readonly process: Bun.Subprocess<"pipe", "pipe", "inherit">;

  constructor(
    readonly node: string,
    settings: object,
  ) {
    const program = join(import.meta.dir, "member.ts");
    this.process = Bun.spawn([process.execPath, program, JSON.stringify(settings)], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
    });
    void this.read();
  }

  private async read(): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const bytes of this.process.stdout) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.lines.push(JSON.parse(line));
    }
  }

  async order(order: object): Promise<void> {
    await this.process.stdin.write(`${JSON.stringify(order)}\n`);
    await this.process.stdin.flush();
  }

  async load(clients: number, forMs: number, valueLength = 64): Promise<LoadResult> {
    const before = this.lines.length;
    await this.order({ kind: "load", clients, forMs, valueLength });
    let found: Line | undefined;
    const look = (): boolean => (found = this.lines.slice(before).find((line) => line["done"] === true)) !== undefined;
    await until("the load is done", look, forMs + 30_000);
    return found as unknown as LoadResult;
  }

  async status(): Promise<ReplicaStatus> {
    const before = this.lines.length;
    await this.order({ kind: "status" });
    let found: Line | undefined;
    await until("a status", () => (found = this.lines.slice(before).find((line) => "status" in line)) !== undefined);
    return found?.["status"] as ReplicaStatus;
  }

  reasons(code: string): number {
    return this.lines.filter((line) => line["reason"] === code).length;
  }
}

export class BenchCluster {
  readonly members: BenchMember[] = [];
  private constructor(
    private readonly directory: string,
    readonly settings: readonly { readonly node: string; readonly socketPath: string }[],
  ) {}

  static async start(count: number): Promise<BenchCluster> {
    const directory = mkdtempSync(join(tmpdir(), "core-bench-"));
    const keyFile = join(directory, "key");
    writeFileSync(keyFile, JSON.stringify(createClusterKey()), { mode: 0o600 });
    const peers: Record<string, { host: string; port: number }> = {};
    for (let at = 0; at < count; at += 1) peers[`n${at}`] = { host: "127.0.0.1", port: await freePort() };
    const settings = Object.keys(peers).map((node) => ({
      node,
      directory: join(directory, node),
      keyFile,
      socketPath: join(directory, `${node}.sock`),
      peers,
    }));
    const cluster = new BenchCluster(directory, settings);
    for (let at = 0; at < count; at += 1) cluster.startMember(at);
    await cluster.leader();
    return cluster;
  }

  startMember(at: number): void {
    const settings = this.settings[at];
    if (settings === undefined) throw new Error("no such member");
    this.members[at] = new BenchMember(settings.node, settings);
  }

  async leader(): Promise<number> {
    let found = -1;
    await until("a leader", async () => {
      for (const [at, member] of this.members.entries()) {
        if (member.process.exitCode !== null || member.process.killed) continue;
        if ((await member.status()).role === "leader") found = at;
      }
      return found >= 0;
    });
    return found;
  }

  async stop(): Promise<void> {
    for (const member of this.members) member.process.kill("SIGKILL");
    await Promise.all(this.members.map((member) => member.process.exited));
    rmSync(this.directory, { recursive: true, force: true });
  }
}
