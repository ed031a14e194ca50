/** One action on the cluster, seen by a client that asks all the time. */
import { until } from "../host.ts";
import { type Probe, type ProbeWindow, startProbe } from "../prober/prober.ts";
import type { DemoCluster } from "./cluster.ts";
import {
  BALANCER_PORT,
  ECHO_PORT,
  FLOATING_ADDRESS,
  HTTP_INTERVAL_MS,
  HTTP_TIMEOUT_MS,
  UDP_INTERVAL_MS,
  UDP_TIMEOUT_MS,
} from "./settings.ts";
import { windowOf } from "./tell.ts";

export interface Observed {
  readonly datagrams: ProbeWindow;
  readonly requests: ProbeWindow;
  /** How late the prober itself was at worst: a gap below this means nothing. */
  readonly proberLateMs: number;
}

/** Both probes of the client, marked and stopped together. */
export class Client {
  private constructor(
    private readonly udp: Probe,
    private readonly http: Probe,
  ) {}

  static async start(cluster: DemoCluster): Promise<Client> {
    const [udp, http] = await Promise.all([
      startProbe(cluster.lab, {
        address: FLOATING_ADDRESS,
        port: ECHO_PORT,
        intervalMs: UDP_INTERVAL_MS,
        timeoutMs: UDP_TIMEOUT_MS,
      }),
      startProbe(cluster.lab, {
        kind: "http",
        url: `http://${FLOATING_ADDRESS}:${BALANCER_PORT}/`,
        intervalMs: HTTP_INTERVAL_MS,
        timeoutMs: HTTP_TIMEOUT_MS,
      }),
    ]);
    return new Client(udp, http);
  }

  mark(name: string): void {
    this.udp.mark(name);
    this.http.mark(name);
  }

  /** As `mark`, and waits for what was asked before it: what is still on its way at a power loss is lost by that. */
  async markSettled(name: string): Promise<void> {
    this.mark(name);
    await until("what was asked before is answered or lost", async () => {
      const reports = await Promise.all([this.udp.report(), this.http.report()]);
      return reports.every((report) => windowOf(report, name).sent > 0);
    });
  }

  /** Which host answered the last datagram that can be counted by now. */
  async answeredBy(): Promise<string | null> {
    return (await this.udp.report()).total.hostAfter;
  }

  /** Ends both probes. What happened after a mark, by its name. */
  async stop(): Promise<(mark: string) => Observed> {
    const [udp, http] = await Promise.all([this.udp.stop(), this.http.stop()]);
    return (mark) => ({
      datagrams: windowOf(udp, mark),
      requests: windowOf(http, mark),
      proberLateMs: udp.proberLateMs,
    });
  }
}
