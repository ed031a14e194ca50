import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, until } from "./group-fixture.ts";

function etcdCommand(name: string, directory: string, client: string, peer: string, cluster: string): string[] {
  const options = {
    name,
    "data-dir": directory,
    "listen-client-urls": client,
    "advertise-client-urls": client,
    "listen-peer-urls": peer,
    "initial-advertise-peer-urls": peer,
    "initial-cluster": cluster,
    "initial-cluster-state": "new",
    "log-level": "error",
  };
  return ["/usr/bin/etcd", ...Object.entries(options).map(([key, value]) => `--${key}=${value}`)];
}

/** Real etcd members on loopback, with a directory of their own. Null: etcd isn't installed. */
export class EtcdGroup {
  private constructor(
    readonly endpoints: readonly string[],
    private readonly processes: readonly Bun.Subprocess[],
    private readonly directory: string,
  ) {}

  static async start(count: number): Promise<EtcdGroup | null> {
    if (!existsSync("/usr/bin/etcd")) return null;
    const directory = mkdtempSync(join(tmpdir(), "etcd-"));
    const members: { name: string; client: string; peer: string }[] = [];
    for (let at = 0; at < count; at += 1) {
      const client = `http://127.0.0.1:${await freePort()}`;
      members.push({ name: `e${at}`, client, peer: `http://127.0.0.1:${await freePort()}` });
    }
    const cluster = members.map(({ name, peer }) => `${name}=${peer}`).join(",");
    const processes = members.map(({ name, client, peer }) =>
      Bun.spawn(etcdCommand(name, join(directory, name), client, peer, cluster), {
        stdout: "ignore",
        stderr: "ignore",
      }),
    );
    const group = new EtcdGroup(
      members.map(({ client }) => client),
      processes,
      directory,
    );
    await until("etcd is healthy", () => group.healthy(), 20_000);
    return group;
  }

  private async healthy(): Promise<boolean> {
    try {
      for (const endpoint of this.endpoints) {
        const answer = await fetch(`${endpoint}/health`);
        if (!(await answer.text()).includes("true")) return false;
      }
      return true;
    } catch {
      return false;
    }
  }

  /** Kills one member (`kill -9`). */
  kill(at: number): void {
    this.processes[at]?.kill("SIGKILL");
  }

  async stop(): Promise<void> {
    for (const process of this.processes) process.kill("SIGKILL");
    await Promise.all(this.processes.map((process) => process.exited));
    rmSync(this.directory, { recursive: true, force: true });
  }
}
