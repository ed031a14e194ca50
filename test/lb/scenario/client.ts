/** Clients that do what a list of steps says. */
import { connect } from "node:net";

export type Step =
  | { readonly send: string }
  | { readonly waitMs: number }
  /** No more from this client; it still listens. */
  | { readonly do: "finish" }
  | { readonly do: "reset" }
  | { readonly do: "close" }
  /** Takes nothing more from the socket, until `read`. */
  | { readonly do: "pause" }
  | { readonly do: "read" };

export interface Script {
  readonly steps: readonly Step[];
  /** After the first client of the scenario. */
  readonly startMs?: number;
  /** How long silence means that nothing more comes. */
  readonly quietMs?: number;
}

const HOLD_AT_MOST_BYTES = 200_000;

/** Runs the steps against a port and gives all that came back. */
export async function play(port: number, script: Script): Promise<string> {
  if (script.startMs !== undefined) await Bun.sleep(script.startMs);
  let text = "";
  let total = 0;
  let isOpen = true;
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.on("data", (data) => {
    total += data.length;
    if (text.length < HOLD_AT_MOST_BYTES) text += data.toString("latin1");
  });
  socket.on("error", () => undefined);
  socket.on("end", () => socket.end());
  const closed = new Promise<void>((resolve) => {
    socket.on("close", () => {
      isOpen = false;
      resolve();
    });
  });
  await new Promise<void>((resolve) => {
    socket.once("connect", resolve);
    socket.once("close", resolve);
  });
  for (const step of script.steps) {
    if (!isOpen) break;
    if ("send" in step) socket.write(Buffer.from(step.send, "latin1"));
    else if ("waitMs" in step) await Promise.race([Bun.sleep(step.waitMs), closed]);
    else if (step.do === "finish") socket.end();
    else if (step.do === "reset") socket.resetAndDestroy();
    else if (step.do === "close") socket.destroy();
    else if (step.do === "pause") socket.pause();
    else socket.resume();
  }
  const quietMs = script.quietMs ?? 1000;
  let last = -1;
  while (isOpen && total !== last) {
    last = total;
    await Promise.race([Bun.sleep(quietMs), closed]);
  }
  socket.destroy();
  return text;
}
