/**
 * Ports for tests that nobody else takes: neither an outgoing connection, since they lie outside of the range that the
 * system gives to those (ip(7), ip_local_port_range), nor another test, since each process holds blocks of them for as
 * long as it lives.
 */
import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";

/** Below these are services that somebody may run here. */
const FIRST_PORT = 10_000;
const LAST_PORT = 65_535;
/** With fewer than these outside of the range of outgoing connections, ports inside it are better than none. */
const FEWEST_PORTS = 2_000;
const BLOCK_PORTS = 64;

interface Range {
  readonly first: number;
  readonly last: number;
}

const sizeOf = (range: Range): number => range.last - range.first + 1;

function portsOfClients(): Range {
  const words = readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8").trim().split(/\s+/).map(Number);
  const [first, last] = words;
  if (first === undefined || last === undefined) throw new Error(`no range of ports: ${words.join(" ")}`);
  return { first, last };
}

/** The larger range beside that of outgoing connections. */
function portsOfServers(clients: Range): Range {
  const below = { first: FIRST_PORT, last: Math.min(clients.first - 1, LAST_PORT) };
  const above = { first: Math.max(clients.last + 1, FIRST_PORT), last: LAST_PORT };
  const larger = sizeOf(below) >= sizeOf(above) ? below : above;
  return sizeOf(larger) >= FEWEST_PORTS ? larger : { first: FIRST_PORT, last: LAST_PORT };
}

/**
 * Holds a block for this process until it ends: a name without a file (unix(7), abstract), which belongs to the network
 * namespace as the ports do, and which the kernel gives back however the process ends.
 */
function hold(first: number): boolean {
  try {
    const held = Bun.listen({ unix: `\0fivenines-test-ports-${first}`, socket: { data: () => undefined } });
    held.unref();
    return true;
  } catch {
    return false;
  }
}

function listenOn(port: number, host: string): Promise<string | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.on("error", (error: Error & { readonly code?: string }) => resolve(error.code ?? error.message));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

/** Nobody listens on it, on any address of either family. */
async function isFreeForStreams(port: number): Promise<boolean> {
  const error = await listenOn(port, "::");
  if (error === undefined || error === "EADDRINUSE") return error === undefined;
  // A machine without IPv6.
  return (await listenOn(port, "0.0.0.0")) === undefined;
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

/** The next block that no other process holds, from a random one on: a new process meets no leftovers of the last. */
function takeBlock(): number[] {
  const { first, last } = portsOfServers(portsOfClients());
  const count = Math.floor((last - first + 1) / BLOCK_PORTS);
  const start = Math.floor(Math.random() * count);
  for (let step = 0; step < count; step += 1) {
    const block = first + ((start + step) % count) * BLOCK_PORTS;
    if (hold(block)) return Array.from({ length: BLOCK_PORTS }, (_, index) => block + index);
  }
  throw new Error("no block of ports is free");
}

let left: number[] = [];

/** A port of TCP and UDP that nobody has, on any address, and that no other test gets while this process lives. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = left.shift();
    if (port === undefined) left = takeBlock();
    else if ((await isFreeForStreams(port)) && (await isFreeForDatagrams(port))) return port;
  }
}

/** `count` of them, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) ports.push(await freePort());
  return ports;
}
