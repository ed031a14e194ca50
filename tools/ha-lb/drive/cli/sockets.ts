/** The command sockets (`stats socket`): listening, and handing out the process's own listening sockets. */
import { rmSync, statSync } from "node:fs";
import type { Bind } from "../../model/bind.ts";
import { keyOf, type OwnSockets } from "../listening-sockets.ts";
import type { DataPlane } from "../plane.ts";
import { Transfer } from "../transfer.ts";
import { answerCommand, type Level } from "./commands.ts";
import { type CommandListener, listenForCommands } from "./listen.ts";

interface OpenSocket {
  readonly key: string;
  readonly bind: Bind;
  readonly listener: CommandListener;
  /** Of a path: what we put there. Another process may have put its own there since. */
  readonly inode: number | undefined;
}

export class CommandSockets {
  private open: readonly OpenSocket[] = [];
  /** Another process has our sockets: their paths are its own to remove. */
  private handedOut = false;

  constructor(
    private plane: DataPlane,
    private readonly sockets: OwnSockets,
    private readonly tell: (text: string) => void,
    /** Beside those of the configuration. */
    private readonly more: readonly Bind[],
  ) {}

  /** Listens where this configuration says, and speaks for it; sockets that stay go on. Gives the names of those in use. */
  serve(plane: DataPlane): ReadonlySet<string> {
    this.plane = plane;
    const next: OpenSocket[] = [];
    for (const bind of [...plane.configuration.global.statsSockets, ...this.more]) {
      const key = keyOf(bind, portOf(bind));
      const kept = this.open.find((one) => one.key === key);
      const sameRights = kept?.bind.level === bind.level && kept?.bind.exposeListeners === bind.exposeListeners;
      if (kept !== undefined && sameRights) next.push(kept);
      else {
        kept?.listener.stop(false);
        const opened = this.openOne(bind, key);
        if (opened !== undefined) next.push(opened);
      }
    }
    for (const old of this.open) {
      if (next.some((one) => one.key === old.key)) continue;
      old.listener.stop(false);
      this.remove(old);
    }
    this.open = next;
    return new Set(next.map((one) => one.key));
  }

  private openOne(bind: Bind, key: string): OpenSocket | undefined {
    try {
      const [fd] = this.sockets.take(bind, portOf(bind));
      if (fd === undefined) throw new Error("no socket");
      const { address } = bind;
      const inode = address.kind === "unix" && !address.abstract ? inodeOf(address.path) : undefined;
      return { key, bind, listener: this.listen(fd, bind), inode };
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      this.tell(`[ALERT]    (${process.pid}) : cannot bind stats socket ${bind.text}: ${detail}\n`);
      return undefined;
    }
  }

  private listen(fd: number, bind: Bind): CommandListener {
    const host = {
      answer: (level: Level, command: string, payload: string | undefined) =>
        answerCommand(this.plane, level, command, payload),
      transfer: bind.exposeListeners ? () => this.handOut() : undefined,
    };
    return listenForCommands(fd, host, bind.level ?? "operator", this.plane.configuration.global.statsTimeoutMs);
  }

  private handOut(): Transfer {
    this.handedOut = true;
    return new Transfer(this.sockets.all());
  }

  close(): void {
    for (const one of this.open) {
      one.listener.stop(false);
      this.remove(one);
    }
    this.open = [];
  }

  /** After the privileges are dropped the folder may not be ours; the next start replaces the file. */
  private remove({ bind, inode }: OpenSocket): void {
    const { address } = bind;
    if (address.kind !== "unix" || address.abstract || this.handedOut) return;
    try {
      if (inodeOf(address.path) === inode) rmSync(address.path, { force: true });
    } catch {
      // It stays.
    }
  }
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}

function portOf({ address }: Bind): number {
  return address.kind === "ip" ? address.port : 0;
}
