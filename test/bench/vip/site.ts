/** Two hosts that run the same daemon, and a client: one laboratory for each daemon and plan. */
import { until, type Host } from "../../../shared/lab/host.ts";
import { createLab, type Lab } from "../../../shared/lab/lab.ts";
import { startAnswering, startProbe, startWebServers, type Probe } from "../../../shared/lab/prober/prober.ts";
import { execute, type LabProcess } from "../../../shared/lab/process.ts";
import { type Contestant, HIGH_PRIORITY, LOW_PRIORITY, type Plan } from "./contestants.ts";
import { familyOf, localAddresses, multicastsReceived, neighbourMac, neighboursOf, signalAll } from "./processes.ts";

/** Above all daemons that are measured, so that the client's clock is right whatever they do. */
const PROBER_PRIORITY = 60;
const SETTLE_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 10_000;
const LOOK_EVERY_MS = 2;
const ADVERT_LIMIT_INTERVALS = 5;

export type HostName = "h1" | "h2";

/** Real-time priority, when the system grants it. */
async function makeUrgent(pids: readonly number[]): Promise<void> {
  for (const pid of pids) await execute(["chrt", "--all-tasks", "--fifo", "--pid", String(PROBER_PRIORITY), `${pid}`]);
}

/** Looks every 2 ms. @returns how long it took, ms; Infinity when it didn't happen in time */
export async function timeUntil(condition: () => boolean, limitMs: number): Promise<number> {
  const startMs = performance.now();
  for (;;) {
    if (condition()) return performance.now() - startMs;
    if (performance.now() - startMs > limitMs) return Number.POSITIVE_INFINITY;
    await Bun.sleep(LOOK_EVERY_MS);
  }
}

export class Site implements AsyncDisposable {
  readonly #daemons = new Map<HostName, LabProcess>();
  readonly #services = new Map<HostName, readonly LabProcess[]>();

  private constructor(
    readonly lab: Lab,
    readonly contestant: Contestant,
    readonly plan: Plan,
  ) {}

  /** @param share folders of programs that hosts need to see */
  static async open(contestant: Contestant, plan: Plan, share: readonly string[]): Promise<Site> {
    return new Site(await createLab({ hosts: 2, share }), contestant, plan);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab.close();
  }

  host(name: HostName): Host {
    return this.lab.host(name);
  }

  get address(): string {
    return this.plan.addresses[0]?.split("/")[0] ?? "";
  }

  /** What answers the client, and what is checked. */
  async startServices(name: HostName): Promise<void> {
    if (this.#services.get(name)?.every((one) => one.running) === true) return;
    const host = this.host(name);
    const port = this.plan.checkedPort;
    const started = await startAnswering([host]);
    await makeUrgent(started.map((one) => one.pid));
    if (port !== undefined) started.push(...(await startWebServers([host], port)));
    this.#services.set(name, started);
  }

  /** The service dies, for the client and for the check in the same moment. */
  killServices(name: HostName): void {
    signalAll(
      (this.#services.get(name) ?? []).flatMap((one) => familyOf(one.pid)),
      "SIGKILL",
    );
  }

  async startDaemon(name: HostName): Promise<void> {
    if (this.#daemons.get(name)?.running === true) return;
    const host = this.host(name);
    const priority = name === "h1" ? HIGH_PRIORITY : LOW_PRIORITY;
    const daemon = await host.spawn(await this.contestant.prepare(host, this.plan, priority));
    this.#daemons.set(name, daemon);
  }

  daemon(name: HostName): LabProcess {
    const daemon = this.#daemons.get(name);
    if (daemon === undefined) throw new Error(`no daemon on ${name}`);
    return daemon;
  }

  /** All processes of the daemon, the first one first. */
  family(name: HostName): readonly number[] {
    return familyOf(this.daemon(name).pid);
  }

  /** Waits for the end of a daemon that was told to stop. */
  async ended(name: HostName): Promise<void> {
    await Promise.race([this.daemon(name).exited, Bun.sleep(STOP_LIMIT_MS)]);
  }

  /** Ends what is left of a daemon, and removes what it left behind. */
  async sweep(name: HostName, family: readonly number[]): Promise<void> {
    signalAll(family, "SIGKILL");
    await this.ended(name);
    const lines = this.plan.addresses.map((address) => `address del ${address} dev eth0\n`);
    const script = "rm -f /run/*.pid; ip -force -batch - 2>/dev/null || true";
    await this.host(name).exec(["sh", "-c", script], { input: lines.join("") });
  }

  holds(name: HostName): boolean {
    const { pid } = this.host(name);
    return pid !== undefined && localAddresses(pid).has(this.address);
  }

  /** How many of the plan's addresses a host has. */
  held(name: HostName): number {
    const { pid } = this.host(name);
    if (pid === undefined) return 0;
    const present = localAddresses(pid);
    return this.plan.addresses.filter((address) => present.has(address.split("/")[0] ?? "")).length;
  }

  /** Does the client believe that the address is there? */
  clientBelieves(name: HostName): boolean {
    const { pid } = this.lab.client;
    return pid !== undefined && neighbourMac(pid, this.address) === this.host(name).link(0).mac;
  }

  /** Everything runs, the network is whole, the first host has all addresses and the second none. */
  async settle(): Promise<void> {
    await this.lab.heal();
    for (const name of ["h1", "h2"] as const) await this.startServices(name);
    const all = this.plan.addresses.length;
    await this.startDaemon("h1");
    // From a cold start in order: a storm of elections with hundreds of routers is not what is measured.
    if (!this.#daemons.has("h2")) await timeUntil(() => this.held("h1") === all, SETTLE_LIMIT_MS);
    await this.startDaemon("h2");
    const settled = (): boolean => this.held("h1") === all && this.held("h2") === 0;
    try {
      await until("the first host has the address and only it", settled, SETTLE_LIMIT_MS);
    } catch (error) {
      const said = (["h1", "h2"] as const).map((name) => `${name}:\n${this.daemon(name).stderr.slice(-2000)}`);
      const held = `h1 has ${this.held("h1")} of ${all}, h2 ${this.held("h2")}`;
      throw new Error(`${error instanceof Error ? error.message : String(error)}; ${held}\n${said.join("\n")}`);
    }
    await Bun.sleep(Math.max(300, 3 * this.plan.intervalMs));
  }

  /** Sleeps until an advert has just arrived at the backup, and then for a part of the interval. */
  async sleepToPhase(part: number): Promise<void> {
    const { pid } = this.host("h2").target;
    const before = multicastsReceived(pid);
    const limitMs = performance.now() + ADVERT_LIMIT_INTERVALS * this.plan.intervalMs;
    while (multicastsReceived(pid) === before) {
      if (performance.now() > limitMs) throw new Error("the master sends no adverts");
    }
    await Bun.sleep(part * this.plan.intervalMs);
  }

  /** A client that asks every millisecond, and is answered. */
  async probe(): Promise<Probe> {
    const probe = await startProbe(this.lab, { address: this.address, timeoutMs: 100 });
    await makeUrgent(neighboursOf(this.lab.client.target.pid));
    await until("the client learns where the address is", () => this.clientBelieves("h1"));
    await Bun.sleep(100);
    return probe;
  }
}
