/** Puts slow cables between hosts and the switch, and takes them away again. */
import { join } from "node:path";
import { type Link, slowPorts } from "./plan.ts";
import { enterCommand, LabProcess, type Target } from "./process.ts";

export interface Delay {
  readonly delayMs: number;
  /** Each frame takes up to that much more or less. Default 0. */
  readonly jitterMs?: number;
}

/** Longer than any cable on Earth needs; catches microseconds given as milliseconds. */
export const DELAY_LIMIT_MS = 60_000;
const READY_LIMIT_MS = 60_000;

type RunBesideSwitch = (command: readonly string[], input?: string) => Promise<string>;

export class SlowCables {
  readonly #carriers = new Map<string, LabProcess>();

  constructor(
    private readonly outer: Target,
    private readonly run: RunBesideSwitch,
  ) {}

  /** Makes one cable slow, or changes how slow it is. */
  async lay(link: Link, delay: Delay): Promise<void> {
    const { delayMs, jitterMs = 0 } = delay;
    if (!(delayMs >= 0 && jitterMs >= 0 && delayMs + jitterMs <= DELAY_LIMIT_MS)) {
      throw new Error(`a delay of ${delayMs} ms ± ${jitterMs} ms: 0 to ${DELAY_LIMIT_MS}`);
    }
    const [bridgeEnd, farEnd] = slowPorts(link.port);
    if (!this.#carriers.has(link.port)) {
      await this.run(["ip", "link", "add", bridgeEnd, "type", "veth", "peer", "name", farEnd]);
      await this.run(["ip", "-batch", "-"], `link set ${farEnd} addrgenmode none up\n`);
    } else await this.#stop(link);
    const indexes = await Promise.all([this.#indexOf(link.port), this.#indexOf(farEnd)]);
    const words = [...indexes, Math.round(delayMs * 1000), Math.round(jitterMs * 1000)].map(String);
    const command = [process.execPath, join(import.meta.dir, "slow-link.ts"), ...words];
    // In the lab's PID namespace, so that it ends with the lab; with the owner's files.
    const argv = enterCommand(this.outer, command, { kinds: ["net", "pid"] });
    const carrier = await LabProcess.start(argv, command, {});
    this.#carriers.set(link.port, carrier);
    await carrier.waitForOutput(/^ready$/m, READY_LIMIT_MS);
    const plug = `link set ${link.port} nomaster\nlink set ${bridgeEnd} master br${link.ring} addrgenmode none up\n`;
    await this.run(["ip", "-batch", "-"], plug);
  }

  /** An ordinary cable again. What is on its way is lost. */
  async remove(link: Link): Promise<void> {
    if (!this.#carriers.has(link.port)) return;
    await this.#stop(link);
    this.#carriers.delete(link.port);
    const [bridgeEnd] = slowPorts(link.port);
    await this.run(["ip", "-batch", "-"], `link delete ${bridgeEnd}\nlink set ${link.port} master br${link.ring}\n`);
  }

  /** The host is gone, and its port with it. */
  async forget(link: Link): Promise<void> {
    if (!this.#carriers.has(link.port)) return;
    await this.#stop(link);
    this.#carriers.delete(link.port);
    await this.run(["ip", "link", "delete", slowPorts(link.port)[0]]);
  }

  async #stop(link: Link): Promise<void> {
    await this.#carriers.get(link.port)?.kill();
  }

  async #indexOf(name: string): Promise<number> {
    const shown = await this.run(["ip", "-oneline", "link", "show", "dev", name]);
    return Number(/^(\d+):/.exec(shown)?.[1]);
  }
}
