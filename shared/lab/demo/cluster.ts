/** The demonstration's cluster: on each host a web server, the balancer in front of all, and the floating address. */
import { until, type Host } from "../host.ts";
import type { Lab } from "../lab.ts";
import type { LabProcess } from "../process.ts";
import { startAnswering, startWebServers } from "../prober/prober.ts";
import {
  BALANCER_FILE,
  BALANCER_PORT,
  balancerConfiguration,
  ECHO_PORT,
  FLOATING_ADDRESS,
  type Programs,
  VIP_OPTIONS,
  WEB_PORT,
} from "./settings.ts";

/** What takes a second, and on a slow and busy machine more. */
const SERVICE_LIMIT_MS = 60_000;
const OWNER_LIMIT_MS = 60_000;

export class DemoCluster {
  readonly #daemons = new Map<string, readonly LabProcess[]>();

  constructor(
    readonly lab: Lab,
    private readonly programs: Programs,
  ) {}

  /** Starts the services of all hosts. */
  async start(): Promise<void> {
    await Promise.all(this.lab.hosts.map((host) => this.startServices(host)));
  }

  /** Starts the services of one host, bottom up, as its init system would. */
  async startServices(host: Host): Promise<void> {
    await host.writeFile(BALANCER_FILE, balancerConfiguration(this.lab.hosts));
    await Promise.all([startWebServers([host], WEB_PORT), startAnswering([host], ECHO_PORT)]);
    const balancer = await host.spawn([this.programs.balancer, "-f", BALANCER_FILE]);
    await this.#listening(host, balancer);
    const vip = await host.spawn([this.programs.vip, ...VIP_OPTIONS]);
    this.#daemons.set(host.name, [balancer, vip]);
  }

  /** Waits until the balancer accepts connections. Throws with its words when it ends instead. */
  async #listening(host: Host, balancer: LabProcess): Promise<void> {
    const port = BALANCER_PORT.toString(16).toUpperCase().padStart(4, "0");
    const listening = new RegExp(`^ *\\d+: [0-9A-F]+:${port} \\S+ 0A `, "m");
    await until(
      `the balancer of ${host.name} listens`,
      async () => {
        if (!balancer.running) throw new Error(`ha-lb ended on ${host.name}:\n${balancer.stdout}${balancer.stderr}`);
        return listening.test(await host.run("cat /proc/net/tcp /proc/net/tcp6"));
      },
      SERVICE_LIMIT_MS,
    );
  }

  get running(): readonly Host[] {
    return this.lab.hosts.filter((host) => host.pid !== undefined);
  }

  /** Which hosts have the floating address on a card right now: one, when all is well. */
  async holders(): Promise<Host[]> {
    const found = await Promise.all(
      this.running.map(async (host) => ((await host.hasAddress(FLOATING_ADDRESS)) ? host : undefined)),
    );
    return found.filter((host) => host !== undefined);
  }

  /** Waits until exactly one host has the address. Throws with the daemons' words when none takes it. */
  async owner(): Promise<Host> {
    let holders: Host[] = [];
    try {
      const settled = async () => (holders = await this.holders()).length === 1;
      await until(`one host holds ${FLOATING_ADDRESS}`, settled, OWNER_LIMIT_MS);
    } catch (error) {
      const said = [...this.#daemons.values()].flat().map((daemon) => daemon.stderr.trim());
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n${said.join("\n")}`);
    }
    const [owner] = holders;
    if (owner === undefined) throw new Error("holders changed while nobody looked");
    return owner;
  }

  /** Power for a host that lost it: boots and starts its services. */
  async revive(host: Host): Promise<void> {
    await this.lab.bootHost(host);
    await this.startServices(host);
  }
}
