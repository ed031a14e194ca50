import { ControlClient } from "../../shared/drive/control/client.ts";
import { controlSocketPath } from "../../shared/model/paths.ts";
import { type StatusReport, statusReportSchema } from "../../shared/model/status.ts";
import type { HostSample } from "../model/cluster.ts";
import type { ClusterSource } from "./source.ts";

/** One host to watch: its name, and the folder in which its daemons' sockets lie. */
export interface WatchedHost {
  readonly name: string;
  readonly runDirectory: string;
}

const WATCHED_TOOLS = ["ha-vip", "ha-lb", "ha-crm", "ha-repl", "ha-fs"] as const;
type WatchedTool = (typeof WATCHED_TOOLS)[number];

/** A daemon that takes longer than this to answer is as good as silent. */
const ANSWER_LIMIT_MS = 1_000;

interface Daemon {
  readonly tool: WatchedTool;
  client?: ControlClient;
  report?: StatusReport;
  heardAtMs?: number;
  problem?: string;
}

/** Watches daemons of several hosts over their control sockets, one request at a time each. */
export class SocketSource implements ClusterSource {
  readonly #hosts: readonly { readonly host: WatchedHost; readonly daemons: readonly Daemon[] }[];
  readonly #now: () => number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(hosts: readonly WatchedHost[], now: () => number) {
    this.#hosts = hosts.map((host) => ({ host, daemons: WATCHED_TOOLS.map((tool) => ({ tool })) }));
    this.#now = now;
  }

  /** Asks every daemon once; resolves when all have answered or failed. */
  async refresh(): Promise<void> {
    await Promise.all(this.#hosts.flatMap(({ host, daemons }) => daemons.map((daemon) => this.#ask(host, daemon))));
  }

  /** Keeps asking, `intervalMs` after the last answers, until closed. */
  start(intervalMs: number): void {
    const again = async (): Promise<void> => {
      await this.refresh();
      if (!this.#closed) this.#timer = setTimeout(() => void again(), intervalMs);
    };
    void again();
  }

  samples(): readonly HostSample[] {
    return this.#hosts.map(({ host, daemons }): HostSample => {
      const heard = daemons.map((daemon) => daemon.heardAtMs ?? Number.NEGATIVE_INFINITY);
      const newest = Math.max(...heard);
      // A tool that fell silent while its neighbours answer is a problem of its own; its last words don't count.
      const fresh = daemons.filter((daemon) => daemon.problem === undefined && daemon.report !== undefined);
      const problem = daemons.find((daemon) => daemon.heardAtMs !== undefined && daemon.problem !== undefined)?.problem;
      return {
        host: host.name,
        reports: (fresh.length > 0 ? fresh : daemons).flatMap((daemon) => daemon.report ?? []),
        heardAtMs: Number.isFinite(newest) ? newest : undefined,
        ...(fresh.length > 0 ? {} : { problem: problem ?? `no daemon answers in ${host.runDirectory}` }),
      };
    });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const { daemons } of this.#hosts) for (const daemon of daemons) daemon.client?.close();
  }

  async #ask(host: WatchedHost, daemon: Daemon): Promise<void> {
    if (daemon.client === undefined) {
      const connected = await ControlClient.connect(controlSocketPath(daemon.tool, host.runDirectory), ANSWER_LIMIT_MS);
      if (!connected.ok) {
        daemon.problem = `${daemon.tool} doesn't answer`;
        return;
      }
      const client = connected.client;
      if (this.#closed) {
        client.close();
        return;
      }
      daemon.client = client;
      client.onClose = () => {
        if (daemon.client === client) delete daemon.client;
      };
    }
    const answer = await daemon.client.call("status", {}, { timeoutMs: ANSWER_LIMIT_MS, schema: statusReportSchema });
    if (answer.ok) {
      daemon.report = answer.result;
      daemon.heardAtMs = this.#now();
      delete daemon.problem;
    } else {
      daemon.problem = answer.problems[0]?.sentence ?? `${daemon.tool} doesn't answer`;
    }
  }
}
