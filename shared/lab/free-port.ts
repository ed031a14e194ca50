/** Ports for tests. */
import { createSocket } from "node:dgram";
import { createServer } from "node:net";

/**
 * Below the ports that the kernel gives to outgoing connections (32768 and up, unless an administrator said otherwise):
 * one of those could be taken again between the question for it and its use.
 */
const FIRST = 15_000;
const LAST = 29_999;
/** Tried one after the other before it is given up. */
const TRY_LIMIT = 200;

/** Where the search goes on: no port is given twice by one process, and processes begin at different places. */
let next = FIRST + Math.floor(Math.random() * (LAST - FIRST));

/** A port of TCP and UDP on which nobody listens now, on no address of this machine. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRY_LIMIT; tries += 1) {
    const port = next;
    next = next === LAST ? FIRST : next + 1;
    if ((await isFreeForStreams(port)) && (await isFreeForDatagrams(port))) return port;
  }
  throw new Error(`no free port among ${TRY_LIMIT}`);
}

async function isFreeForStreams(port: number): Promise<boolean> {
  const server = createServer();
  const free = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "0.0.0.0", () => resolve(true));
  });
  if (free) await new Promise<void>((resolve) => server.close(() => resolve()));
  return free;
}

async function isFreeForDatagrams(port: number): Promise<boolean> {
  const socket = createSocket("udp4");
  const free = await new Promise<boolean>((resolve) => {
    socket.once("error", () => resolve(false));
    socket.bind(port, "0.0.0.0", () => resolve(true));
  });
  if (free) await new Promise<void>((resolve) => socket.close(() => resolve()));
  return free;
}
