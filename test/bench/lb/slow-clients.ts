/** Clients that take their time, and what becomes of them. */
import type { Socket } from "bun";

/** What a client is slow at. */
export type Slowness = "head" | "body" | "stalled body" | "reader" | "stalled reader";

const SECOND_MS = 1000;
const BATCH = 200;
/** What a slow reader takes a second. */
const READER_BYTES = 64 * 1024;

const FIRST_BYTES: Readonly<Record<Slowness, string>> = {
  head: "GET / HTTP/1.1\r\nHost: slow\r\nX-Slow: ",
  body: "POST /upload HTTP/1.1\r\nHost: slow\r\nContent-Length: 100000\r\n\r\n",
  "stalled body": "POST /upload HTTP/1.1\r\nHost: slow\r\nContent-Length: 100000\r\n\r\n12345",
  reader: "GET /big HTTP/1.1\r\nHost: slow\r\n\r\n",
  "stalled reader": "GET /big HTTP/1.1\r\nHost: slow\r\n\r\n",
};

interface Client {
  readonly slowness: Slowness;
  socket: Socket | undefined;
  /** `408`, or another status; empty while none came. */
  status: string;
  closed: boolean;
  bytes: number;
}

/** The runtime has these; its types don't say so. */
interface Pausing {
  pause(): void;
  resume(): void;
}
const isPausing = (socket: object): socket is Pausing => "pause" in socket && "resume" in socket;

function hold(socket: object, reads: boolean): void {
  if (!isPausing(socket)) throw new Error("this runtime's sockets can't pause");
  if (reads) socket.resume();
  else socket.pause();
}

async function start(port: number, slowness: Slowness): Promise<Client> {
  const client: Client = { slowness, socket: undefined, status: "", closed: false, bytes: 0 };
  const reader = slowness.endsWith("reader");
  client.socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      open(socket) {
        socket.write(FIRST_BYTES[slowness]);
        if (reader) hold(socket, false);
      },
      data(socket, bytes) {
        if (client.status === "") client.status = bytes.toString("latin1").slice(9, 12);
        client.bytes += bytes.length;
        if (slowness === "reader" && client.bytes > READER_BYTES) hold(socket, false);
      },
      close() {
        client.closed = true;
      },
      error() {
        client.closed = true;
      },
    },
  });
  return client;
}

export class SlowClients {
  private readonly clients: Client[] = [];
  private timer: Timer | undefined;

  /** Opens them, an equal number of each kind, and keeps them going: a byte a second, or a little read a second. */
  async open(port: number, count: number): Promise<void> {
    const kinds: readonly Slowness[] = ["head", "body", "stalled body", "reader", "stalled reader"];
    for (let opened = 0; opened < count; opened += BATCH) {
      const length = Math.min(BATCH, count - opened);
      const batch = Array.from({ length }, (_, index) => start(port, kinds[(opened + index) % kinds.length] ?? "head"));
      this.clients.push(...(await Promise.all(batch)));
    }
    this.timer = setInterval(() => this.tick(), SECOND_MS);
  }

  private tick(): void {
    for (const client of this.clients) {
      if (client.closed || client.socket === undefined) continue;
      if (client.slowness === "head" || client.slowness === "body") client.socket.write("x");
      if (client.slowness === "reader") {
        client.bytes = 0;
        hold(client.socket, true);
      }
    }
  }

  /** Those that never read do so now: what waits in their sockets shows how far they were served. */
  readAll(): void {
    for (const { slowness, socket, closed } of this.clients) {
      if (slowness === "stalled reader" && socket !== undefined && !closed) hold(socket, true);
    }
  }

  /** Such as `head: 200 × 408 closed`. */
  outcomes(): readonly string[] {
    const counts = new Map<string, number>();
    for (const { slowness, status, closed } of this.clients) {
      const how = `${slowness}: ${status === "" ? "no answer" : status}, ${closed ? "closed" : "open"}`;
      counts.set(how, (counts.get(how) ?? 0) + 1);
    }
    return Array.from(counts, ([how, count]) => `${how} × ${count}`).toSorted();
  }

  close(): void {
    clearInterval(this.timer);
    for (const { socket } of this.clients) socket?.terminate();
  }
}

/** A server that reads bodies and never answers. */
export function startSink(port: number): { stop(): void } {
  const server = Bun.listen({ hostname: "127.0.0.1", port, socket: { data: () => undefined } });
  return { stop: () => server.stop(true) };
}
