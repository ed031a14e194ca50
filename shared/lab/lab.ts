/**
 * A laboratory: hosts as namespaces on this machine, and everything that can happen to them.
 *
 * All of it lives below one process in a PID namespace of its own, tied to the owner by a pipe. When the owner ends,
 * by `close()`, by a crash or by kill -9, the kernel ends the lab: no process, namespace, link, mount or file is left.
 * Nothing is ever written to the machine's own file systems and nothing is changed in its own network.
 */
import type { Subprocess } from "bun";
import { dirname, join } from "node:path";
import { Host } from "./host.ts";
import { addressBatch, checkHostNames, CLIENT_NUMBER, planLink, portBatch, RING_LIMIT } from "./plan.ts";
import { enterCommand, type LabProcess, type Target } from "./process.ts";
import { HOST_SCRIPT, OUTER_SCRIPT } from "./scripts.ts";
import { labEnvironment, type LabMode, labSupport, outerNamespaces } from "./support.ts";
import type { Delay } from "./slow-cables.ts";
import { Switchboard } from "./switchboard.ts";

export interface LabOptions {
  /** How many (`h1`, `h2` …), or their names. Default 3. */
  readonly hosts?: number | readonly string[];
  /** A further machine called `client`, 10.77.0.200. Default true. */
  readonly client?: boolean;
  /** Default true. */
  readonly ipv6?: boolean;
  /** Networks that each host is plugged into: eth0 in 10.77.0.0/24, eth1 in 10.78.0.0/24. Default 1. */
  readonly rings?: 1 | 2;
  /** Forces a way of making it; by default root's own rights, otherwise a user namespace. */
  readonly mode?: LabMode;
  /** Paths of this machine that hosts see at the same place, beside the repository. Needed below `/tmp` only. */
  readonly share?: readonly string[];
  /** What others find it by while it runs (`findHosts`). */
  readonly label?: string;
  /** Directories that are each host's own. Default `/etc /var /root /srv /opt`. */
  readonly disk?: readonly string[];
}

const DEFAULT_DISK = ["/etc", "/var", "/root", "/srv", "/opt"] as const;
/** Making namespaces takes a fraction of a second; on a very busy machine a few. */
const BOOT_LIMIT_MS = 60_000;
const REPOSITORY = join(import.meta.dir, "..", "..");

/** Labs that are open: keeps their pipes from being collected as garbage. */
const open = new Set<Lab>();

export class Lab implements AsyncDisposable {
  readonly hosts: readonly Host[];
  readonly #client: Host | undefined;
  readonly #machines: ReadonlyMap<string, Host>;
  readonly #boots = new Map<string, Subprocess>();
  readonly #switch: Switchboard;

  /** For `createLab`. */
  constructor(
    readonly mode: LabMode,
    private readonly root: Subprocess<"pipe", "pipe", "pipe">,
    private readonly outer: Target,
    private readonly settings: Settings,
  ) {
    const make = (name: string, number: number): Host => {
      const links = Array.from({ length: settings.rings }, (_, ring) => planLink(name, number, ring));
      return new Host(name, number, links, mode);
    };
    this.hosts = settings.hosts.map((name, index) => make(name, index + 1));
    this.#client = settings.client ? make("client", CLIENT_NUMBER) : undefined;
    const machines = this.#client === undefined ? this.hosts : [...this.hosts, this.#client];
    this.#machines = new Map(machines.map((host) => [host.name, host]));
    this.#switch = new Switchboard(outer);
    open.add(this);
  }

  /** The machine that stands for the users. Throws when the lab was made without one. */
  get client(): Host {
    if (this.#client === undefined) throw new Error("this lab has no client");
    return this.#client;
  }

  /** Hosts and client. */
  get machines(): readonly Host[] {
    return [...this.#machines.values()];
  }

  /** A host or the client by name. Throws when there is none. */
  host(name: string): Host {
    const host = this.#machines.get(name);
    if (host === undefined) throw new Error(`no host '${name}' in this lab: ${[...this.#machines.keys()].join(" ")}`);
    return host;
  }

  /** A host's `/run` as a path that the owner can use, the same before and after a power loss. */
  runDirectory(which: Host | string): string {
    return `/proc/${this.outer.pid}/root/run/lab/run/${this.#of(which).name}`;
  }

  /** Boots a host, for the first time or after `killHost`. Its files below the `disk` directories are kept. */
  async bootHost(which: Host | string): Promise<Host> {
    const host = this.#of(which);
    if (host.pid !== undefined) throw new Error(`${host.name} runs already`);
    const { settings } = this;
    const script = ["unshare", "--fork", "--pid", "--kill-child", "--net", "--mount", "--uts", "--ipc"];
    const command = [...script, "sh", "-c", HOST_SCRIPT, "lab-host", ...settings.share];
    const argv = enterCommand(this.outer, command, { kinds: ["mount", "net", "pid"] });
    const child = spawnRoot(argv, {
      LAB_NAME: host.name,
      LAB_LABEL: settings.label,
      LAB_MODE: this.mode,
      LAB_MAC: host.number.toString(16).padStart(2, "0"),
      LAB_RINGS: String(settings.rings),
      LAB_OUTER: String(this.outer.pid),
      LAB_IPV6: settings.ipv6 ? "yes" : "no",
      LAB_PORTS: portBatch(host.links),
      LAB_ADDRESSES: addressBatch(host.links, settings.ipv6),
      LAB_DISK: settings.disk.join(" "),
      LAB_HOSTS: this.#hostsFile(host),
    });
    this.#boots.set(host.name, child);
    host.setPid(await readyPid(child, host.name));
    return host;
  }

  /**
   * Power loss: the link is gone at once and everything in the host is killed, so that nothing can say goodbye.
   * What was written to its `disk` directories stays; `/run`, `/tmp` and `/dev/shm` are empty after `bootHost`.
   * A lost page cache can't be shown this way: what a program wrote without fsync survives here.
   */
  async killHost(which: Host | string): Promise<void> {
    const host = this.#of(which);
    const { pid } = host.target;
    await this.#switch.setCarrier(host, "down");
    process.kill(pid, "SIGKILL");
    host.setPid(undefined);
    await this.#boots.get(host.name)?.exited;
    this.#boots.delete(host.name);
    await this.#switch.removePorts(host);
  }

  /** Pulls the network cable, of one ring or of all: the host sees the carrier go. */
  async cut(host: Host | string, ring?: number): Promise<void> {
    await this.#switch.setCarrier(this.#of(host), "down", ring);
  }

  async uncut(host: Host | string, ring?: number): Promise<void> {
    await this.#switch.setCarrier(this.#of(host), "up", ring);
  }

  /** Drops everything from and to the host, silently: the carrier stays. */
  async isolate(host: Host | string, ring?: number): Promise<void> {
    await this.#switch.isolate(this.#of(host), ring);
  }

  /** One-way: nothing that the host sends arrives; it still receives. */
  async dropOut(host: Host | string, ring?: number): Promise<void> {
    await this.#switch.dropFrom(this.#of(host), ring);
  }

  /** One-way: the host receives nothing; what it sends arrives. */
  async dropIn(host: Host | string, ring?: number): Promise<void> {
    await this.#switch.dropTo(this.#of(host), ring);
  }

  /** Drops what one host sends to another, and nothing else. */
  async block(from: Host | string, to: Host | string, ring?: number): Promise<void> {
    await this.#switch.block([[this.#of(from), this.#of(to)]], ring);
  }

  /**
   * A long cable: each frame takes `delayMs` each way, give or take `jitterMs`, in order. A process carries the frames,
   * so add its own fraction of a millisecond. `delayMs: 0` and `heal` make the cable short again.
   */
  async delay(which: Host | string, delay: Delay, ring?: number): Promise<void> {
    const host = this.#of(which);
    if (delay.delayMs === 0 && (delay.jitterMs ?? 0) === 0) await this.#switch.undelay(host, ring);
    else await this.#switch.delay(host, delay, ring);
  }

  /** A bad cable: loses `percent` of a hundred frames at random, each way. 0 ends it, as `heal` does. */
  async lose(host: Host | string, percent: number, ring?: number): Promise<void> {
    await this.#switch.lose(this.#of(host), percent, ring);
  }

  /** Drops everything between hosts of different groups. A machine in no group talks to all. */
  async partition(groups: readonly (readonly (Host | string)[])[], ring?: number): Promise<void> {
    const sides = groups.map((group) => group.map((which) => this.#of(which)));
    const pairs = sides.flatMap((side) =>
      sides
        .filter((other) => other !== side)
        .flatMap((other) => side.flatMap((a) => other.map((b) => [a, b] as const))),
    );
    await this.#switch.block(pairs, ring);
  }

  /** Mends the network: ends all dropping and delay, and plugs every cable of a running host. */
  async heal(): Promise<void> {
    await this.#switch.unblockAll();
    for (const host of this.machines) {
      if (host.pid === undefined) continue;
      await this.#switch.undelay(host);
      await this.#switch.setCarrier(host, "up");
    }
  }

  /** Stops every process of the host where it stands (SIGSTOP), as a hung machine. Its kernel still answers ping. */
  async pause(host: Host | string): Promise<void> {
    await this.#signalAll(this.#of(host), "STOP");
  }

  /** Lets a paused host go on. */
  async resume(host: Host | string): Promise<void> {
    await this.#signalAll(this.#of(host), "CONT");
  }

  /** Ends the lab and everything in it. Safe to call twice. */
  async close(): Promise<void> {
    open.delete(this);
    for (const host of this.machines) host.setPid(undefined);
    this.root.kill("SIGKILL");
    await Promise.all([this.root.exited, ...[...this.#boots.values()].map((child) => child.exited)]);
    this.#boots.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #of(which: Host | string): Host {
    return typeof which === "string" ? this.host(which) : which;
  }

  async #signalAll(host: Host, signal: "STOP" | "CONT"): Promise<void> {
    // -1 means every process that the sender can see, but itself and PID 1: exactly the host's.
    await host.exec(["sh", "-c", `kill -s ${signal} -- -1`]);
  }

  #hostsFile(self: Host): string {
    const lines = ["127.0.0.1 localhost", "::1 localhost ip6-localhost"];
    for (const host of this.machines) {
      lines.push(`${host.ipv4} ${host.name}`);
      if (this.settings.ipv6) lines.push(`${host.ipv6} ${host.name}`);
    }
    return `# ${self.name} of a laboratory\n${lines.join("\n")}\n`;
  }
}

interface Settings {
  readonly hosts: readonly string[];
  readonly client: boolean;
  readonly ipv6: boolean;
  readonly rings: number;
  readonly label: string;
  readonly share: readonly string[];
  readonly disk: readonly string[];
}

/** Makes a lab and boots its hosts. Throws when this machine doesn't allow it: ask `labSupport()` first. */
export async function createLab(options: LabOptions = {}): Promise<Lab> {
  const support = labSupport(options.mode);
  if (support.mode === "none") throw new Error(`no laboratory on this machine: ${support.why}`);
  const hosts = options.hosts ?? 3;
  const settings: Settings = {
    hosts: typeof hosts === "number" ? Array.from({ length: hosts }, (_, index) => `h${index + 1}`) : hosts,
    client: options.client ?? true,
    ipv6: options.ipv6 ?? true,
    rings: Math.min(options.rings ?? 1, RING_LIMIT),
    label: options.label ?? "",
    share: [...new Set([REPOSITORY, ...ownProgram(), ...(options.share ?? [])])],
    disk: options.disk ?? DEFAULT_DISK,
  };
  checkHostNames(settings.client ? [...settings.hosts, "client"] : settings.hosts);
  const hidden = settings.share.find((path) => path === "/run" || path.startsWith("/run/"));
  if (hidden !== undefined) throw new Error(`${hidden} can't be shared with hosts: their /run is empty`);
  const command = ["unshare", ...outerNamespaces(support.mode), "sh", "-c", OUTER_SCRIPT, "lab", ...settings.share];
  const root = spawnRoot(command, { LAB_RINGS: String(settings.rings) });
  const pid = await readyPid(root, "the switch");
  const lab = new Lab(support.mode, root, { pid, mode: support.mode }, settings);
  try {
    await Promise.all(lab.machines.map((host) => lab.bootHost(host)));
    return lab;
  } catch (error) {
    await lab.close();
    throw error;
  }
}

/** The folder of the program that runs us, where hosts would not see it: probers run the same program. */
function ownProgram(): readonly string[] {
  const folder = dirname(process.execPath);
  return folder.startsWith("/tmp/") && !folder.startsWith(`${REPOSITORY}/`) ? [folder] : [];
}

/** Starts a namespace's first process. It doesn't keep the owner's event loop alive. */
function spawnRoot(argv: readonly string[], env: Readonly<Record<string, string>>): Subprocess<"pipe", "pipe", "pipe"> {
  const child = Bun.spawn([...argv], {
    env: { ...labEnvironment(), ...env },
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
    // A session of its own: Ctrl-C in the owner's terminal is for the owner alone.
    detached: true,
  });
  child.unref();
  return child;
}

/** Waits until a script says `ready PID`. Throws with what it said instead. */
async function readyPid(child: Subprocess<"pipe", "pipe", "pipe">, who: string): Promise<number> {
  const timer = setTimeout(() => child.kill("SIGKILL"), BOOT_LIMIT_MS);
  const decoder = new TextDecoder();
  let said = "";
  for await (const chunk of child.stdout) {
    said += decoder.decode(chunk, { stream: true });
    const ready = /^ready (\d+)$/m.exec(said);
    if (ready === null) continue;
    clearTimeout(timer);
    return Number(ready[1]);
  }
  clearTimeout(timer);
  const errors = await new Response(child.stderr).text();
  throw new Error(`${who} didn't start: ${errors.trim() || said.trim() || `exit code ${await child.exited}`}`);
}

export type { Host, LabProcess };
