/** HAProxy and ha-lb on one configuration, with servers that tell their names and what they were sent. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../shared/lab/free-port.ts";
import { until } from "../../shared/lab/host.ts";

const ROOT = join(import.meta.dir, "..", "..");
/** A machine that is busy takes its time. */
const START_LIMIT_MS = 90_000;
/** Silence for so long means that nothing more comes. */
const QUIET_MS = 10_000;

export const HAS_HAPROXY = Bun.which("haproxy") !== null;

export interface Exchange {
  readonly text: string;
  /** The client's port: logs have it. */
  readonly from: number;
}

/** Sends raw bytes and gives everything that comes back until the connection ends or is quiet. */
export async function exchange(port: number, bytes: string, quietMs = QUIET_MS): Promise<string> {
  return (await exchangeFrom(port, bytes, quietMs)).text;
}

export async function exchangeFrom(port: number, bytes: string, quietMs = QUIET_MS): Promise<Exchange> {
  return await new Promise((resolve) => {
    let text = "";
    let from = 0;
    const socket = connect(port, "127.0.0.1", () => {
      from = socket.localPort ?? 0;
      socket.write(Buffer.from(bytes, "latin1"));
    });
    socket.setTimeout(quietMs, () => socket.destroy());
    socket.on("data", (data) => {
      text += data.toString("latin1");
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      resolve({ text, from });
    });
  });
}

/** A server that answers with its name and the head it got; paths ask for special answers. */
function startServer(name: string, port: number): Promise<Server> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (data) => {
      const text = data.toString("latin1");
      if (text.startsWith("GET /nothing ")) {
        socket.destroy();
        return;
      }
      if (text.startsWith("GET /junk ")) {
        socket.end("this is not HTTP\r\n\r\n");
        return;
      }
      if (text.startsWith("GET /silent ")) return;
      if (text.startsWith("GET /chunked ")) {
        socket.write(
          "HTTP/1.1 200 OK\r\nX-Server: " + name + "\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        );
        return;
      }
      const body = text.replaceAll("\r\n", "\n");
      const cookie = text.includes("/setcookie") ? "Set-Cookie: SRV=own; path=/\r\n" : "";
      socket.write(`HTTP/1.1 200 OK\r\nX-Server: ${name}\r\n${cookie}Content-Length: ${body.length}\r\n\r\n${body}`);
    });
  });
  return new Promise((resolve) => {
    server.listen(port, "127.0.0.1", () => {
      resolve(server);
    });
  });
}

export interface Side {
  readonly port: number;
  /** Log lines so far, without the syslog head; visits that asked whether somebody listens may have one. */
  readonly lines: string[];
}

export interface Pair {
  readonly peer: Side;
  readonly ours: Side;
  stop(): Promise<void>;
}

/** Whether somebody listens; logs may have a line about the visit. */
async function listens(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

/** Starts both on `configure(port, log port, server ports)`: they run when `port` is open, so its section is the last. */
export async function startPair(
  configure: (port: number, logPort: number, servers: readonly number[]) => string,
): Promise<Pair> {
  const folder = mkdtempSync(join(tmpdir(), "lb-differential-"));
  const names = ["s1", "s2", "s3"];
  const ports = await Promise.all(names.map(freePort));
  const servers = await Promise.all(names.map((name, index) => startServer(name, ports[index] ?? 0)));
  const processes: Bun.Subprocess[] = [];
  const logs: Bun.udp.Socket<"buffer">[] = [];
  const start = async (label: string, command: (file: string) => readonly string[]): Promise<Side> => {
    const lines: string[] = [];
    const log = await Bun.udpSocket({
      hostname: "127.0.0.1",
      socket: {
        data: (_socket, data) => {
          lines.push(
            data
              .toString("latin1")
              .replace(/^<\d+>.*?\]: /, "")
              .trim(),
          );
        },
      },
    });
    logs.push(log);
    const port = await freePort();
    const file = join(folder, `${label}.cfg`);
    writeFileSync(file, configure(port, log.port, ports));
    const child = Bun.spawn([...command(file)], {
      stdout: "ignore",
      stderr: "ignore",
      env: { ...process.env, FIVENINES_RUN_DIR: folder },
    });
    processes.push(child);
    await until(
      `${label} listens`,
      async () => {
        if (child.exitCode !== null) throw new Error(`${label} ended with ${child.exitCode}`);
        return await listens(port);
      },
      START_LIMIT_MS,
    );
    return { port, lines };
  };
  const stop = async (): Promise<void> => {
    for (const one of processes) one.kill("SIGTERM");
    await Promise.all(processes.map((one) => one.exited));
    for (const server of servers) server.close();
    for (const log of logs) log.close();
    rmSync(folder, { recursive: true });
  };
  try {
    const peer = await start("haproxy", (file) => ["haproxy", "-db", "-f", file]);
    const main = join(ROOT, "tools/ha-lb/main.ts");
    const ours = await start("ha-lb", (file) => [process.execPath, main, "-db", "-f", file]);
    return { peer, ours, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A response as both must give it: status, fields by lower-case name, body. What only one of them words is left out. */
export function comparable(text: string): object {
  const end = text.indexOf("\r\n\r\n");
  const [start = "", ...lines] = text.slice(0, end).split("\r\n");
  const status = Number(/^HTTP\/1\.\d (\d+)/.exec(start)?.[1] ?? Number.NaN);
  const isLocal = !/x-server:/i.test(text);
  const ignored = isLocal
    ? /^(content-length|content-type|cache-control|connection):/i
    : /^(connection: keep-alive|content-length:)/i;
  const fields = lines
    .filter((line) => !ignored.test(line))
    .map((line) =>
      line
        .replace(/^[^:]+/, (name) => name.toLowerCase())
        .replace(/\|[\w+/]{5}(?=[|;])/g, "|DATE")
        .replace(/^date: .*/, "date: DATE"),
    )
    .toSorted();
  const received = text.slice(end + 4).split("\n");
  const body = isLocal
    ? ""
    : received
        .map((line) => line.replace(/^[\w-]+(?=: )/, (name) => name.toLowerCase()))
        .filter((line) => !line.startsWith("connection: "))
        .toSorted()
        .join("\n");
  return { status, fields, body: body.replaceAll(/127\.0\.0\.1:\d+/g, "HOST") };
}

/** A log line without what differs from run to run: ports, dates, times, sizes of pages worded differently. */
export function comparableLine(line: string): string {
  return line
    .replace(/^127\.0\.0\.1:\d+ \[[^\]]+\]/, "CLIENT [DATE]")
    .replace(/ (-?\d+)\/(-?\d+)\/(-?\d+)\/(-?\d+)\/\+?(-?\d+) (-?\d+) \d+ /, (_whole, ...times: string[]) => {
      const phase = (text: string | undefined) => (text?.startsWith("-") === true ? "-1" : "N");
      return ` ${times.slice(0, 5).map(phase).join("/")} ${times[5] ?? ""} BYTES `;
    });
}
