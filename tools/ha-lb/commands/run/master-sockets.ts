/** The master's command socket (`-S`), management guide 9.4: what runs, reloads, and commands to one of the processes. */
import { connect } from "node:net";
import { VERSION } from "../../../../shared/model/version.ts";
import { type CommandListener, listenForCommands } from "../../drive/cli/listen.ts";
import type { Level } from "../../drive/cli/commands.ts";
import { OwnSockets } from "../../drive/listening-sockets.ts";
import { parseSocketAddress } from "../../config/address.ts";
import { type Bind, plainBind } from "../../model/bind.ts";
import { warn } from "./lifecycle.ts";
import type { Engine, Supervisor } from "./supervisor.ts";

const SESSION_LIMIT_MS = 60_000;
/** Bytes of one process's answer. */
const MOST_ANSWER_BYTES = 64 * 1024 * 1024;

/** `ADDRESS[,level,operator][,mode,660]`; words that say something else are left out. */
function bindOf(text: string): Bind {
  const [address = "", ...words] = text.split(",");
  const parsed = parseSocketAddress(address);
  if (typeof parsed === "string") throw new Error(parsed);
  const valueOf = (name: string): string | undefined => words[words.indexOf(name) + 1 || words.length];
  const level = valueOf("level");
  const mode = valueOf("mode");
  return {
    ...plainBind(parsed.address, address, "-S"),
    level: level === "user" || level === "operator" ? level : "admin",
    ...(mode === undefined ? {} : { mode: Number.parseInt(mode, 8) }),
  };
}

const HELP: readonly (readonly [string, string])[] = [
  ["@!<pid>", "send a command to the <pid> process"],
  ["@<relative pid>", "send a command to the <relative pid> process"],
  ["@master", "send a command to the master process"],
  ["operator", "lower the level of the current CLI session to operator"],
  ["reload", "read the configuration again; a replaced program takes over"],
  ["show cli level", "display the level of the current CLI session"],
  ["show proc", "show processes status"],
  ["show version", "show version of the current process"],
  ["user", "lower the level of the current CLI session to user"],
  ["help", "list all commands"],
  ["prompt", "toggle interactive mode with prompt"],
  ["quit", "disconnect"],
];
const help = (title: string): string =>
  `${title}\n${HELP.map(([words, means]) => `  ${words.padEnd(40)}: ${means}\n`).join("")}`;

function uptime(sinceMs: number): string {
  const seconds = Math.max(0, Math.floor((Date.now() - sinceMs) / 1000));
  const two = (value: number): string => String(Math.floor(value)).padStart(2, "0");
  return `${Math.floor(seconds / 86_400)}d${two((seconds % 86_400) / 3600)}h${two((seconds % 3600) / 60)}m${two(seconds % 60)}s`;
}

export class MasterSockets {
  private readonly sockets = new OwnSockets(1, false);
  private listener: CommandListener | undefined;

  constructor(
    private readonly address: string | undefined,
    private readonly supervisor: Supervisor,
  ) {}

  open(): void {
    if (this.address === undefined) return;
    try {
      const bind = bindOf(this.address);
      const { address } = bind;
      const [fd = -1] = this.sockets.take(bind, address.kind === "ip" ? address.port : 0);
      const host = {
        answer: (level: Level, command: string, payload: string | undefined) => this.answer(level, command, payload),
        transfer: undefined,
      };
      this.listener = listenForCommands(fd, host, bind.level ?? "admin", SESSION_LIMIT_MS);
    } catch (error) {
      warn(`cannot bind master socket '${this.address}': ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  close(): void {
    this.listener?.stop(true);
    this.sockets.closeAll();
  }

  private async answer(level: Level, text: string, payload: string | undefined): Promise<string> {
    const [first = "", ...rest] = text.split(/\s+/);
    if (first.startsWith("@") && first !== "@master") {
      const engine = this.find(first.slice(1));
      if (engine === undefined) return `Can't find the target PID matching the prefix '${first}'`;
      return await forward(engine.socket, `${level === "admin" ? "" : `${level};`}${rest.join(" ")}`, payload);
    }
    const command = first === "@master" ? rest.join(" ") : [first, ...rest].join(" ");
    switch (command) {
      case "show proc":
        return this.showProcesses();
      case "show version":
        return `${VERSION}\n`;
      case "show cli level":
        return `${level}\n`;
      case "reload":
        if (level !== "admin") return "Permission denied\n";
        // haproxy closes the connection and reloads; here the answer tells how it went, unless the program changes.
        return (await this.supervisor.reload()) ? "Success=1\n" : "Success=0\n";
      default: {
        const known = first === "help" || (first === "@master" && rest[0] === "help");
        return help(known ? "The following commands are valid at this level:" : `Unknown command: '${first}'.`);
      }
    }
  }

  /** By its place among the workers, or by its number in the system. */
  private find(word: string): Engine | undefined {
    const { current, finishing } = this.supervisor.processes;
    const all = [...(current === undefined ? [] : [current]), ...finishing];
    return word.startsWith("!")
      ? all.find((one) => one.pid === Number(word.slice(1)))
      : word === "1"
        ? current
        : undefined;
  }

  private showProcesses(): string {
    const { current, finishing, startedMs, reloads, failed } = this.supervisor.processes;
    const row = (pid: number, type: string, count: string, sinceMs: number, version: string): string =>
      `${String(pid).padEnd(15)} ${type.padEnd(15)} ${count.padEnd(15)} ${uptime(sinceMs).padEnd(15)} ${version}\n`;
    const worker = (one: Engine): string => row(one.pid, "worker", String(one.reloads), one.startedMs, one.version);
    const old = finishing.length === 0 ? "" : `# old workers\n${finishing.map(worker).join("")}`;
    return (
      `#${"<PID>".padEnd(14)} ${"<type>".padEnd(15)} ${"<reloads>".padEnd(15)} ${"<uptime>".padEnd(15)} <version>\n` +
      row(process.pid, "master", `${reloads} [failed: ${failed}]`, startedMs, VERSION) +
      `# workers\n${current === undefined ? "" : worker(current)}${old}# programs\n`
    );
  }
}

/** Asks an engine, and gives what it says. */
async function forward(path: string, command: string, payload: string | undefined): Promise<string> {
  return await new Promise((resolve) => {
    let text = "";
    const socket = connect({ path, allowHalfOpen: true }, () => {
      socket.end(payload === undefined ? `${command}\n` : `${command} <<\n${payload}\n\n`);
    });
    socket.on("data", (data) => {
      if (text.length < MOST_ANSWER_BYTES) text += data.toString("latin1");
    });
    socket.on("error", () => resolve("Can't connect to the target CLI!\n"));
    // The end of the answer is this connection's to write.
    socket.on("end", () => resolve(text.replace(/\n$/, "")));
  });
}
