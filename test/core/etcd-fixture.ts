import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../shared/lab/free-port.ts";
import { until } from "../../shared/lab/host.ts";

/** Three programs that start and choose a leader, on a busy machine. */
const START_LIMIT_MS = 60_000;

interface EtcdMember {
  readonly name: string;
  readonly client: string;
  readonly peer: string;
}

/** Files for `https`, as etcd and its clients take them. */
export interface EtcdTls {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

const PROGRAM = "/usr/bin/etcd";

/** Why there can't be an etcd here, as `requirements.ts` says it. */
export function requireEtcd(): string | undefined {
  return existsSync(PROGRAM) ? undefined : "needs etcd";
}

/** Real etcd members on loopback, with a directory of their own. */
export class EtcdGroup {
  private readonly processes: Bun.Subprocess[] = [];

  private constructor(
    private readonly members: readonly EtcdMember[],
    private readonly directory: string,
    private readonly tls: EtcdTls | null,
  ) {}

  get endpoints(): readonly string[] {
    return this.members.map(({ client }) => client);
  }

  static async start(count: number, tls: EtcdTls | null = null): Promise<EtcdGroup> {
    const members: EtcdMember[] = [];
    const scheme = tls === null ? "http" : "https";
    for (let at = 0; at < count; at += 1) {
      const client = `${scheme}://127.0.0.1:${await freePort()}`;
      members.push({ name: `e${at}`, client, peer: `http://127.0.0.1:${await freePort()}` });
    }
    const group = new EtcdGroup(members, mkdtempSync(join(tmpdir(), "etcd-")), tls);
    for (let at = 0; at < count; at += 1) group.startMember(at);
    await until("etcd is healthy", () => group.healthy(), START_LIMIT_MS);
    return group;
  }

  /** Starts a member, for the first time or with what it left on its disk. */
  startMember(at: number): void {
    const member = this.members[at];
    if (member === undefined) throw new Error("no such member");
    const { name, client, peer } = member;
    const options = {
      name,
      "data-dir": join(this.directory, name),
      "listen-client-urls": client,
      "advertise-client-urls": client,
      "listen-peer-urls": peer,
      "initial-advertise-peer-urls": peer,
      "initial-cluster": this.members.map((one) => `${one.name}=${one.peer}`).join(","),
      "initial-cluster-state": "new",
      "log-level": "error",
      ...(this.tls === null
        ? {}
        : {
            "cert-file": this.tls.certFile,
            "key-file": this.tls.keyFile,
            "trusted-ca-file": this.tls.caFile,
            "client-cert-auth": "true",
          }),
    };
    const words = Object.entries(options).map(([key, value]) => `--${key}=${value}`);
    // Processes are killed here, never the machine: a slow disk needn't cost members their leader.
    const env = { ...process.env, ETCD_UNSAFE_NO_FSYNC: "true" };
    this.processes[at] = Bun.spawn([PROGRAM, ...words], { env, stdout: "ignore", stderr: "ignore" });
  }

  /** The certificates as a client takes them. */
  clientTls(): { readonly ca: string; readonly cert: string; readonly key: string } | undefined {
    if (this.tls === null) return undefined;
    const [ca, cert, key] = [this.tls.caFile, this.tls.certFile, this.tls.keyFile].map((path) =>
      readFileSync(path, "utf8"),
    );
    return { ca: ca ?? "", cert: cert ?? "", key: key ?? "" };
  }

  private async healthy(): Promise<boolean> {
    const tls = this.clientTls();
    try {
      for (const endpoint of this.endpoints) {
        const answer = await fetch(`${endpoint}/health`, tls === undefined ? {} : { tls });
        if (!(await answer.text()).includes("true")) return false;
      }
      return true;
    } catch {
      return false;
    }
  }

  /** Sends one member a signal; `SIGKILL` unless another one is named. */
  kill(at: number, signal: NodeJS.Signals = "SIGKILL"): void {
    this.processes[at]?.kill(signal);
  }

  async stop(): Promise<void> {
    for (const process of this.processes) process.kill("SIGKILL");
    await Promise.all(this.processes.map((process) => process.exited));
    rmSync(this.directory, { recursive: true, force: true });
  }
}
