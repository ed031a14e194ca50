/** The command sockets (`stats socket`): one command line per connection, answered, then closed. */
import type { Socket } from "bun";
import { chmodSync, rmSync } from "node:fs";
import type { Bind } from "../../model/bind.ts";
import type { DataPlane } from "../plane.ts";
import { answerCommand, type Level } from "./commands.ts";

/** Bytes of a command with its payload. */
const MOST_COMMAND_BYTES = 1024 * 1024;

interface Session {
  text: string;
  done: boolean;
  interactive: boolean;
  pending: Buffer | undefined;
  closing: boolean;
}

interface Listener {
  stop(closeActive?: boolean): void;
}

export class CommandSockets {
  private readonly listeners: Listener[] = [];

  constructor(
    private plane: DataPlane,
    private readonly binds: readonly Bind[],
  ) {}

  /** After a reload: the same sockets speak for the new configuration. */
  serve(plane: DataPlane): void {
    this.plane = plane;
  }

  open(tell: (text: string) => void): void {
    for (const bind of this.binds) {
      try {
        this.listeners.push(this.openOne(bind));
      } catch (error) {
        const detail = error instanceof Error ? error.message : String(error);
        tell(`[ALERT]    (${process.pid}) : cannot bind stats socket ${bind.text}: ${detail}\n`);
      }
    }
  }

  private openOne(bind: Bind): Listener {
    const level = bind.level ?? "operator";
    const socket = {
      open: (one: Socket<Session>) => {
        one.data = { text: "", done: false, interactive: false, pending: undefined, closing: false };
      },
      data: (one: Socket<Session>, data: Buffer) => this.onData(one, data, level),
      end: (one: Socket<Session>) => this.onEnd(one, level),
      drain: (one: Socket<Session>) => flush(one),
      close: () => undefined,
      error: () => undefined,
    };
    const { address } = bind;
    if (address.kind === "unix") {
      rmSync(address.path, { force: true });
      const listener = Bun.listen<Session>({ unix: address.path, allowHalfOpen: true, socket });
      if (bind.mode !== undefined) chmodSync(address.path, bind.mode);
      return listener;
    }
    if (address.kind === "descriptor") {
      const listen = Bun.listen as unknown as (options: object) => Listener;
      return listen({ fd: address.descriptor, allowHalfOpen: true, socket });
    }
    if (address.kind !== "ip") throw new Error("a command socket needs a path or an address");
    return Bun.listen<Session>({ hostname: address.host, port: address.port, allowHalfOpen: true, socket });
  }

  private onData(socket: Socket<Session>, data: Buffer, level: Level): void {
    const session = socket.data;
    if (session.done && !session.interactive) return;
    session.text += data.toString("latin1");
    if (session.text.length > MOST_COMMAND_BYTES) {
      socket.terminate();
      return;
    }
    this.advance(socket, level, false);
  }

  private onEnd(socket: Socket<Session>, level: Level): void {
    this.advance(socket, level, true);
    socket.data.closing = true;
    flush(socket);
  }

  /** Answers each whole line; a payload ends at an empty line. */
  private advance(socket: Socket<Session>, level: Level, ended: boolean): void {
    const session = socket.data;
    for (;;) {
      const end = session.text.indexOf("\n");
      if (end < 0 && !(ended && session.text !== "")) return;
      const line = (end < 0 ? session.text : session.text.slice(0, end)).replace(/\r$/, "");
      let rest = end < 0 ? "" : session.text.slice(end + 1);
      let payload: string | undefined;
      if (/<<\s*$/.test(line)) {
        const stop = rest.startsWith("\n") ? 0 : rest.indexOf("\n\n");
        if (stop < 0 && !ended) return;
        payload = stop < 0 ? rest : rest.slice(0, stop);
        rest = stop < 0 ? "" : rest.slice(stop + 2);
      }
      session.text = rest;
      if (line.trim() === "prompt") session.interactive = !session.interactive;
      else if (line.trim() === "quit") {
        session.closing = true;
        flush(socket);
        return;
      } else this.answer(socket, level, line.replace(/<<\s*$/, ""), payload);
      if (session.interactive) write(socket, "\n> ");
      else {
        session.done = true;
        session.closing = true;
        flush(socket);
        return;
      }
    }
  }

  private answer(socket: Socket<Session>, level: Level, line: string, payload: string | undefined): void {
    for (const command of splitCommands(line)) write(socket, `${answerCommand(this.plane, level, command, payload)}\n`);
  }

  close(): void {
    for (const listener of this.listeners) listener.stop(true);
    for (const { address } of this.binds) if (address.kind === "unix") removeQuietly(address.path);
  }
}

/** After the privileges are dropped the folder may not be ours; the next start replaces the file. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // It stays.
  }
}

/** Commands between `;`; a backslash keeps one. */
function splitCommands(line: string): readonly string[] {
  return line
    .split(/(?<!\\);/)
    .map((part) => part.replaceAll("\\;", ";").trim())
    .filter((part) => part !== "");
}

function write(socket: Socket<Session>, text: string): void {
  const bytes = Buffer.from(text, "latin1");
  const { data } = socket;
  data.pending = data.pending === undefined ? bytes : Buffer.concat([data.pending, bytes]);
  flush(socket);
}

function flush(socket: Socket<Session>): void {
  const { data } = socket;
  if (data.pending !== undefined) {
    const written = Math.max(socket.write(data.pending), 0);
    data.pending = written < data.pending.length ? data.pending.subarray(written) : undefined;
  }
  if (data.pending === undefined && data.closing) socket.end();
}
