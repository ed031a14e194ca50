/** Clients that do what a list of steps says. */
import { connect } from "node:net";
import { until } from "../../../shared/lab/host.ts";
import { Events } from "./events.ts";

export type Step =
  | { readonly send: string }
  | { readonly waitMs: number }
  /** What came back has this in it, or the connection is closed, or `atMostMs` are over. */
  | { readonly until: string; readonly atMostMs?: number }
  /** An event of this side, see `Events`. */
  | { readonly when: string }
  | { readonly tell: string }
  /** So many wait for a server. */
  | { readonly queued: number }
  /** No more from this client; it still listens. */
  | { readonly do: "finish" }
  | { readonly do: "reset" }
  | { readonly do: "close" }
  /** Takes nothing more from the socket, until `read`. */
  | { readonly do: "pause" }
  | { readonly do: "read" };

export interface Script {
  readonly steps: readonly Step[];
  /** Its name in events. */
  readonly as?: string;
  /** The event after which it connects. */
  readonly after?: string;
  /** How long silence means that nothing more comes, where neither side closes. */
  readonly quietMs?: number;
}

/** The side that a client is on. */
export interface Around {
  readonly events: Events;
  /** How many wait in the queues of the section that is visited. */
  queued(): Promise<number>;
}

/** In the answer of a client whose event never came. */
export const IN_VAIN = "[waited in vain for";
const HOLD_AT_MOST_BYTES = 200_000;
const QUIET_MS = 10_000;

/** Runs the steps against a port and gives all that came back. */
export async function play(port: number, script: Script, around?: Around): Promise<string> {
  const events = around?.events ?? new Events();
  let text = "";
  const wait = async (name: string): Promise<void> => {
    if (!(await events.when(name))) text += `${IN_VAIN} '${name}']`;
  };
  if (script.after !== undefined) await wait(script.after);
  let isOpen = true;
  let lastMs = performance.now();
  /** Looks again whenever something has come. */
  let look: () => void = () => undefined;
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.on("data", (data) => {
    lastMs = performance.now();
    if (text.length < HOLD_AT_MOST_BYTES) text += data.toString("latin1");
    look();
  });
  socket.on("error", () => undefined);
  socket.on("end", () => socket.end());
  const closed = new Promise<void>((resolve) => {
    socket.on("close", () => {
      isOpen = false;
      resolve();
    });
  });
  const comes = async (part: string): Promise<void> =>
    await new Promise((resolve) => {
      look = () => {
        if (text.includes(part)) resolve();
      };
      look();
    });
  await new Promise<void>((resolve) => {
    socket.once("connect", resolve);
    socket.once("close", resolve);
  });
  if (script.as !== undefined) events.tell(`opened-${script.as}`);
  for (const step of script.steps) {
    if (!isOpen) break;
    if ("send" in step) socket.write(Buffer.from(step.send, "latin1"));
    else if ("waitMs" in step) await Promise.race([Bun.sleep(step.waitMs), closed]);
    else if ("until" in step) await Promise.race([comes(step.until), closed, Bun.sleep(step.atMostMs ?? QUIET_MS)]);
    else if ("when" in step) await wait(step.when);
    else if ("queued" in step) await until("the queue", async () => (await around?.queued()) === step.queued);
    else if ("tell" in step) events.tell(step.tell);
    else if (step.do === "finish") socket.end();
    else if (step.do === "reset") socket.resetAndDestroy();
    else if (step.do === "close") socket.destroy();
    else if (step.do === "pause") socket.pause();
    else socket.resume();
  }
  const quietMs = script.quietMs ?? QUIET_MS;
  lastMs = performance.now();
  for (let restMs = quietMs; isOpen && restMs > 0; restMs = quietMs - (performance.now() - lastMs)) {
    await Promise.race([Bun.sleep(restMs), closed]);
  }
  socket.destroy();
  if (script.as !== undefined) events.tell(`done-${script.as}`);
  return text;
}
