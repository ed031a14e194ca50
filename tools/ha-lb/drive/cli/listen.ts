import type { Socket } from "bun";
import { close, duplicate } from "../../../../shared/drive/ffi/fd.ts";
import type { Level } from "./commands.ts";
import { CliSession, type SessionHost } from "./session.ts";

export interface CommandListener {
  stop(closeActive?: boolean): void;
}

/** Takes connections of operators on a listening socket, which stays the caller's. Throws. */
export function listenForCommands(fd: number, host: SessionHost, level: Level, timeoutMs: number): CommandListener {
  const socket = {
    open: (one: Socket<CliSession>) => {
      one.data = new CliSession(one, host, level, timeoutMs);
    },
    data: (one: Socket<CliSession>, data: Buffer) => one.data.onData(data),
    end: (one: Socket<CliSession>) => one.data.onEnd(),
    drain: (one: Socket<CliSession>) => one.data.flush(),
    close: (one: Socket<CliSession>) => one.data.onClose(),
    error: () => undefined,
  };
  // The form with `fd` works, but the runtime's types leave it out.
  const listenOn = Bun.listen as unknown as (options: object) => CommandListener;
  const own = duplicate(fd);
  try {
    return listenOn({ fd: own, allowHalfOpen: true, socket });
  } catch (error) {
    close(own);
    throw error;
  }
}
