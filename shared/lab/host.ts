/** One host of a lab: its names and addresses, and what can be done inside it. */
import type { Link } from "./plan.ts";
import {
  type Command,
  enterCommand,
  execute,
  type ExecOptions,
  type ExecResult,
  LabProcess,
  type RunOptions,
  type Target,
} from "./process.ts";
import type { LabMode } from "./support.ts";

/** How often a condition is looked at again. */
const POLL_MS = 10;
/** A look costs less than a command, and benchmarks are as fine as this. */
const LOOK_AGAIN_MS = 5;
/** What hasn't come by then doesn't come, on a busy machine either. */
export const WAIT_LIMIT_MS = 60_000;

export class Host {
  #pid: number | undefined;

  constructor(
    readonly name: string,
    /** The last part of its addresses. */
    readonly number: number,
    readonly links: readonly Link[],
    private readonly mode: LabMode,
  ) {}

  /** For the lab: sets or forgets the PID of the host's first process. */
  setPid(pid: number | undefined): void {
    this.#pid = pid;
  }

  /** The first process of the host, as the owner sees it; undefined while the host is off. */
  get pid(): number | undefined {
    return this.#pid;
  }

  get ipv4(): string {
    return this.link(0).ipv4;
  }

  get ipv6(): string {
    return this.link(0).ipv6;
  }

  /** The card on the first ring. */
  get device(): string {
    return this.link(0).device;
  }

  link(ring: number): Link {
    const link = this.links[ring];
    if (link === undefined) throw new Error(`${this.name} has no ring ${ring}`);
    return link;
  }

  get target(): Target {
    if (this.#pid === undefined) throw new Error(`${this.name} is switched off`);
    return { pid: this.#pid, mode: this.mode };
  }

  /** The argument list that runs a command in this host, for a caller that starts it in its own way. */
  command(command: Command, options: RunOptions = {}): string[] {
    return enterCommand(this.target, command, options);
  }

  /** Runs a command to its end and tells how it went. Never throws for a bad exit code. */
  async exec(command: Command, options: ExecOptions = {}): Promise<ExecResult> {
    return execute(this.command(command, options), options);
  }

  /** Runs a command that must succeed; what it printed. Throws with its errors otherwise. */
  async run(command: Command, options: ExecOptions = {}): Promise<string> {
    const result = await this.exec(command, options);
    if (result.code === 0) return result.stdout;
    const words = typeof command === "string" ? command : command.join(" ");
    throw new Error(`${this.name}: '${words}' ended with ${result.code}\n${result.stdout}${result.stderr}`);
  }

  /** Starts a long-running command. It ends with the host, with the lab, or when it is killed. */
  async spawn(command: Command, options: RunOptions = {}): Promise<LabProcess> {
    return LabProcess.start(this.command(command, options), command, options.env ?? {});
  }

  /** Writes a file, making its directory. Below `/etc`, `/var`, `/root`, `/srv`, `/opt` it is the host's own. */
  async writeFile(path: string, content: string | Uint8Array, permissions = "644"): Promise<void> {
    const script = 'mkdir -p "$(dirname "$1")" && cat >"$1" && chmod "$2" "$1"';
    await this.run(["sh", "-c", script, "sh", path, permissions], { input: content });
  }

  async readFile(path: string): Promise<string> {
    return this.run(["cat", path]);
  }

  /** A file of this host as a path that the owner can open itself, for as long as the host runs. */
  path(path: string): string {
    return `/proc/${this.target.pid}/root${path}`;
  }

  /** The addresses on a card, without prefix length: `["10.77.0.1", "fd77::1", "fe80::…"]`. */
  async addresses(device = this.device): Promise<string[]> {
    const text = await this.run(["ip", "-json", "address", "show", "dev", device]);
    const parsed: unknown = JSON.parse(text);
    const found: string[] = [];
    for (const entry of asList(parsed)) {
      for (const address of asList(field(entry, "addr_info"))) found.push(String(field(address, "local")));
    }
    return found;
  }

  async hasAddress(address: string, device = this.device): Promise<boolean> {
    return (await this.addresses(device)).includes(address);
  }

  /** Runs a command again and again until it succeeds. Throws with its last words after `timeoutMs`. */
  async waitFor(command: Command, timeoutMs = WAIT_LIMIT_MS): Promise<ExecResult> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const result = await this.exec(command);
      if (result.code === 0) return result;
      if (performance.now() > deadline) {
        throw new Error(`${this.name}: ${JSON.stringify(command)} still fails: ${result.stdout}${result.stderr}`);
      }
      await Bun.sleep(POLL_MS);
    }
  }
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && name in value
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

/** Looks at a condition until it holds. Throws with `what` after `timeoutMs`. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = WAIT_LIMIT_MS,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await Bun.sleep(LOOK_AGAIN_MS);
  }
}
