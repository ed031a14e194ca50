/**
 * The switch between the hosts: cables pulled, frames dropped in one or both directions.
 * It is the lab's outer network namespace: one bridge a ring, one port a cable.
 */
import { type Link, slowPorts } from "./plan.ts";
import { enterCommand, execute, type Target } from "./process.ts";
import { type Delay, SlowCables } from "./slow-cables.ts";

/** The part of a host that the switch knows. */
export interface Station {
  readonly name: string;
  readonly links: readonly Link[];
}

const TABLE = `table bridge lab {
  set from { type ifname; }
  set to { type ifname; }
  set pairs { type ifname . ifname; }
  map losing { type ifname : verdict; }
  chain forward {
    type filter hook forward priority 0;
    iifname @from counter drop
    oifname @to counter drop
    iifname . oifname @pairs counter drop
    iifname vmap @losing
    oifname vmap @losing
  }
}
`;

export class Switchboard {
  #filtering = false;
  /** Ports (quoted) that lose frames at random, and how many of a hundred. */
  readonly #losing = new Map<string, number>();

  readonly #slow: SlowCables;

  constructor(private readonly outer: Target) {
    this.#slow = new SlowCables(outer, (command, input) => this.run(command, input));
  }

  /** Runs a program beside the switch. Throws when it fails. */
  async run(command: readonly string[], input?: string): Promise<string> {
    // Only the network namespace is joined: PIDs and files are the owner's.
    const argv = enterCommand(this.outer, command, { kinds: ["net"] });
    const result = await execute(argv, input === undefined ? {} : { input });
    if (result.code !== 0) throw new Error(`lab switch: '${command.join(" ")}' failed: ${result.stderr.trim()}`);
    return result.stdout;
  }

  /** Pulls (`down`) or plugs (`up`) a host's cables; the host sees the carrier go or come. */
  async setCarrier(station: Station, state: "up" | "down", ring?: number): Promise<void> {
    const lines = linksOf(station, ring).map((link) => `link set ${link.port} ${state}`);
    await this.run(["ip", "-batch", "-"], `${lines.join("\n")}\n`);
  }

  /** Takes away the ports of a host that is gone, so that it can be booted again. */
  async removePorts(station: Station): Promise<void> {
    for (const link of station.links) await this.#slow.forget(link);
    const lines = station.links.map((link) => `link delete ${link.port}`);
    // The kernel removes them too, in its own time, when the host's namespace ends; one of the two comes second.
    await this.run(["sh", "-c", "ip -force -batch - 2>/dev/null || true"], `${lines.join("\n")}\n`);
  }

  /** Makes a host's cables slow. */
  async delay(station: Station, delay: Delay, ring?: number): Promise<void> {
    for (const link of linksOf(station, ring)) await this.#slow.lay(link, delay);
  }

  /** Makes them quick again. */
  async undelay(station: Station, ring?: number): Promise<void> {
    for (const link of linksOf(station, ring)) await this.#slow.remove(link);
  }

  /** Drops everything that the host sends. */
  async dropFrom(station: Station, ring?: number): Promise<void> {
    await this.#apply([addElements("from", linksOf(station, ring).flatMap(portNames))]);
  }

  /** Drops everything that is sent to the host. */
  async dropTo(station: Station, ring?: number): Promise<void> {
    await this.#apply([addElements("to", linksOf(station, ring).flatMap(portNames))]);
  }

  /** Drops both directions, silently: the carrier stays. */
  async isolate(station: Station, ring?: number): Promise<void> {
    const ports = linksOf(station, ring).flatMap(portNames);
    await this.#apply([addElements("from", ports), addElements("to", ports)]);
  }

  /** Drops what `from` sends to `to`, and nothing else. */
  async block(pairs: readonly (readonly [from: Station, to: Station])[], ring?: number): Promise<void> {
    const elements: string[] = [];
    for (const [from, to] of pairs) {
      for (const link of linksOf(from, ring)) {
        const other = to.links[link.ring];
        if (other === undefined) continue;
        for (const a of portNames(link)) for (const b of portNames(other)) elements.push(`${a} . ${b}`);
      }
    }
    if (elements.length > 0) await this.#apply([addElements("pairs", elements)]);
  }

  /** Drops `percent` of a hundred frames at random, each way; 0 ends it. */
  async lose(station: Station, percent: number, ring?: number): Promise<void> {
    if (!(Number.isInteger(percent) && percent >= 0 && percent < 100))
      throw new Error(`a loss of ${percent} %: 0 to 99`);
    for (const link of linksOf(station, ring)) {
      for (const port of portNames(link)) {
        if (percent === 0) this.#losing.delete(port);
        else this.#losing.set(port, percent);
      }
    }
    const commands = ["flush map bridge lab losing"];
    for (const rate of new Set(this.#losing.values())) {
      commands.push(`add chain bridge lab lose-${rate}`, `flush chain bridge lab lose-${rate}`);
      commands.push(`add rule bridge lab lose-${rate} numgen random mod 100 < ${rate} counter drop`);
    }
    for (const [port, rate] of this.#losing) commands.push(addElements("losing", [`${port} : jump lose-${rate}`]));
    await this.#apply(commands);
  }

  /** Ends all dropping. Pulled cables stay pulled. */
  async unblockAll(): Promise<void> {
    if (!this.#filtering) return;
    this.#losing.clear();
    const sets = ["from", "to", "pairs"].map((set) => `flush set bridge lab ${set}`);
    await this.#apply([...sets, "flush map bridge lab losing"]);
  }

  async #apply(commands: readonly string[]): Promise<void> {
    // One transaction: the kernel switches from the old rules to the new ones at one instant.
    const table = this.#filtering ? "" : TABLE;
    await this.run(["nft", "-f", "-"], `${table}${commands.join("\n")}\n`);
    this.#filtering = true;
  }
}

function linksOf(station: Station, ring: number | undefined): readonly Link[] {
  if (ring === undefined) return station.links;
  const link = station.links[ring];
  if (link === undefined) throw new Error(`${station.name} has no ring ${ring}`);
  return [link];
}

/** The names, quoted, that the bridge may know the cable by: the one of a slow cable counts too, laid or not yet. */
function portNames(link: Link): string[] {
  return [`"${link.port}"`, `"${slowPorts(link.port)[0]}"`];
}

function addElements(set: string, elements: readonly string[]): string {
  return `add element bridge lab ${set} { ${elements.join(", ")} }`;
}
