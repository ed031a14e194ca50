/** After the story, on a terminal: the cluster stays, and keys do things to it. */
import type { DemoCluster } from "./cluster.ts";
import { Client } from "./measure.ts";
import type { Programs } from "./settings.ts";
import { tellEvents } from "./story.ts";
import { type Story, tellDatagrams, tellRequests } from "./tell.ts";

/** What the client watches before and after an action. */
const BEFORE_MS = 300;
const AFTER_MS = 2_500;

interface Key {
  readonly key: string;
  readonly does: string;
  readonly act: (session: Session) => Promise<void>;
}

const KEYS: readonly Key[] = [
  { key: "k", does: "power loss of the host that holds the address", act: (session) => session.kill() },
  { key: "c", does: "pull that host's network cable", act: (session) => session.cut() },
  { key: "i", does: "lose everything from and to it, silently", act: (session) => session.isolate() },
  { key: "p", does: "freeze it (all its processes stop)", act: (session) => session.freeze() },
  { key: "h", does: "heal: power, cables and processes of all hosts", act: (session) => session.heal() },
  { key: "s", does: "who holds the address", act: (session) => session.status() },
  { key: "m", does: "the monitor, ha-mon (q leaves it)", act: (session) => session.monitor() },
];
const QUIT = new Set(["q", "\u0003", "\u0004"]);

/** Reads single keys from the terminal, and gives the terminal away while a full-screen program runs. */
class Keyboard {
  readonly #waiting: string[] = [];
  #wake: (() => void) | undefined;

  constructor() {
    process.stdin.on("data", this.#take);
    process.stdin.on("end", () => this.#push("q"));
    this.listen();
  }

  readonly #take = (data: Buffer | string): void => {
    // Fast typing arrives as one piece.
    for (const key of data.toString()) this.#push(key);
  };

  #push(key: string): void {
    this.#waiting.push(key);
    this.#wake?.();
  }

  listen(): void {
    process.stdin.setRawMode(true);
    process.stdin.resume();
  }

  release(): void {
    process.stdin.setRawMode(false);
    process.stdin.pause();
  }

  async next(): Promise<string> {
    while (this.#waiting.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#waiting.shift() ?? "q";
  }
}

/** What tells the monitor where the control sockets of the hosts are. */
export function monitorHosts({ lab }: DemoCluster): string[] {
  const hosts = lab.hosts.flatMap((host) => ["--host", `${host.name}=${lab.runDirectory(host)}`]);
  return [...hosts, "--cluster", "demo"];
}

class Session {
  constructor(
    private readonly cluster: DemoCluster,
    private readonly programs: Programs,
    private readonly story: Story,
    private readonly keyboard: Keyboard,
  ) {}

  async kill(): Promise<void> {
    await this.#onOwner("loses power", (name) => this.cluster.lab.killHost(name));
  }

  async cut(): Promise<void> {
    await this.#onOwner("loses its cable", (name) => this.cluster.lab.cut(name));
  }

  async isolate(): Promise<void> {
    await this.#onOwner("is cut off silently", (name) => this.cluster.lab.isolate(name));
  }

  async freeze(): Promise<void> {
    await this.#onOwner("freezes", (name) => this.cluster.lab.pause(name));
  }

  async heal(): Promise<void> {
    await this.#measured("everything is mended", async () => {
      const { lab } = this.cluster;
      await lab.heal();
      await Promise.all(this.cluster.running.map((host) => lab.resume(host)));
      const dead = lab.hosts.filter((host) => host.pid === undefined);
      await Promise.all(dead.map((host) => this.cluster.revive(host)));
    });
  }

  async status(): Promise<void> {
    const holders = await this.cluster.holders();
    const running = this.cluster.running.map((host) => host.name).join(" ");
    const dead = this.cluster.lab.hosts.filter((host) => host.pid === undefined).map((host) => host.name);
    const off = dead.length === 0 ? "" : `; without power: ${dead.join(" ")}`;
    this.story.tell(`address on: ${holders.map((host) => host.name).join(" ") || "nobody"}; running: ${running}${off}`);
  }

  async monitor(): Promise<void> {
    const { monitor } = this.programs;
    if (monitor === undefined) {
      this.story.tell("this build has no monitor");
      return;
    }
    this.keyboard.release();
    const child = Bun.spawn([monitor, ...monitorHosts(this.cluster)], { stdio: ["inherit", "inherit", "inherit"] });
    await child.exited;
    this.keyboard.listen();
  }

  async #onOwner(what: string, act: (name: string) => Promise<void>): Promise<void> {
    const [owner] = await this.cluster.holders();
    if (owner === undefined) {
      this.story.tell("nobody holds the address: press h");
      return;
    }
    await this.#measured(`${owner.name} ${what}`, () => act(owner.name));
  }

  async #measured(what: string, act: () => Promise<void>): Promise<void> {
    const client = await Client.start(this.cluster);
    await Bun.sleep(BEFORE_MS);
    const stopEvents = tellEvents(this.cluster, this.story);
    this.story.tell(what);
    client.mark(what);
    try {
      await act();
      await Bun.sleep(AFTER_MS);
    } finally {
      stopEvents();
      const observed = (await client.stop())(what);
      this.story.tell(tellDatagrams(observed.datagrams));
      this.story.tell(tellRequests(observed.requests));
    }
  }
}

/** Obeys keys until `q` or Ctrl-C. */
export async function obeyKeys(cluster: DemoCluster, programs: Programs, story: Story): Promise<void> {
  const keyboard = new Keyboard();
  const session = new Session(cluster, programs, story, keyboard);
  const help = [...KEYS.map(({ does, key }) => `  ${key}  ${does}`), "  q  end it; nothing is left behind"];
  story.plain("");
  story.plain("The cluster runs on. Press a key:");
  for (const line of help) story.plain(line);
  story.plain("In another terminal: npm start -- exec h1 ip address   (or any other command, e.g. bash)");
  try {
    for (let key = await keyboard.next(); !QUIT.has(key); key = await keyboard.next()) {
      const found = KEYS.find((candidate) => candidate.key === key);
      if (found === undefined) for (const line of help) story.plain(line);
      else await found.act(session).catch((error: unknown) => story.tell(`that failed: ${String(error)}`));
    }
  } finally {
    keyboard.release();
  }
}
