/** Scenarios: one section of configuration each, and clients that visit it; all of them run at once, on both sides. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, inflateRawSync, inflateSync } from "node:zlib";
import { until } from "../../../shared/lab/host.ts";
import { comparable, comparableLine } from "../pair.ts";
import { play, type Script } from "./client.ts";
import { startServer } from "./server.ts";

const ROOT = join(import.meta.dir, "..", "..", "..");

export interface Scenario {
  readonly name: string;
  /** Lines of a `listen` section; S1, S2, S3 stand for servers' addresses, DEAD for one where nobody listens. */
  readonly section: string;
  /** Other sections that it needs; NAME stands for the section's own name in both. */
  readonly more?: string;
  readonly bind?: string;
  readonly clients: readonly Script[];
  /** Each client starts when the one before is done, not with it. */
  readonly inTurn?: boolean;
  /** The bytes as they are, not as an HTTP response. */
  readonly raw?: boolean;
  /** Log lines aren't compared, because… */
  readonly logDiffers?: string;
  /** Only status lines are compared, because… */
  readonly onlyStatus?: string;
  /** What ha-lb does otherwise on purpose: the statuses of its answers, and why. */
  readonly ours?: { readonly statuses: readonly string[]; readonly why: string };
}

const SERVER_COUNT = 3;

const GLOBAL_VARIABLES = ` set-var proc.twelve int(12)
 set-var proc.five var(proc.none,60),div(proc.twelve)
 set-var-fmt proc.text "%[var(proc.five)] of %[var(proc.twelve)]"
`;

const DEFAULTS = `defaults
 mode http
 log global
 option httplog
 timeout connect 300ms
 timeout client 500ms
 timeout server 500ms
 timeout http-request 400ms
 timeout http-keep-alive 300ms
 timeout queue 300ms
 retries 1
`;

/** What one scenario left on one side. */
export interface Outcome {
  readonly answers: readonly string[];
  readonly lines: readonly string[];
}

async function openLog(lines: string[]): Promise<Bun.udp.Socket<"buffer">> {
  return await Bun.udpSocket({
    hostname: "127.0.0.1",
    socket: {
      data: (_socket, data) => {
        const text = data.toString("latin1");
        lines.push(text.replace(/^<\d+>.*?\]: /s, "").trim());
      },
    },
  });
}

function configure(
  scenarios: readonly Scenario[],
  ports: readonly number[],
  servers: readonly number[],
  dead: number,
  log: number,
  folder: string,
): string {
  const sections = scenarios.map((scenario, index) => {
    const name = `t${index}`;
    const text = `listen ${name}\n bind 127.0.0.1:${ports[index] ?? 0} ${scenario.bind ?? ""}\n${scenario.section}\n${scenario.more ?? ""}\n`;
    return text
      .replace(/\bNAME\b/g, name)
      .replace(/\bFOLDER\b/g, folder)
      .replace(/\bDEAD\b/g, `127.0.0.1:${dead}`)
      .replace(/\bS([123])\b/g, (_whole, digit: string) => `127.0.0.1:${servers[Number(digit) - 1] ?? 0}`);
  });
  return `global\n log 127.0.0.1:${log} local0\n maxconn 2000\n${GLOBAL_VARIABLES}${DEFAULTS}${sections.join("")}listen probe\n bind 127.0.0.1:${ports.at(-1) ?? 0}\n`;
}

/** Ports below those that the system gives to clients, so that no connection of a test takes one. */
const FIRST_PORT = 12_000;
const PORT_COUNT = 20_000;

function canListen(port: number): Promise<Server | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.on("error", () => resolve(undefined));
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}

/** Ports that nobody listens on, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const held = new Map<number, Server>();
  while (held.size < count) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORT_COUNT);
    if (held.has(port)) continue;
    const server = await canListen(port);
    if (server !== undefined) held.set(port, server);
  }
  await Promise.all(Array.from(held.values(), (server) => new Promise((resolve) => server.close(resolve))));
  return [...held.keys()];
}

/** Files that sections may name, in FOLDER. */
const FILES: Readonly<Record<string, string>> = {
  "503.http": "HTTP/1.0 503 Closed\r\nX-Page: own\r\nContent-Type: text/html\r\n\r\n<p>closed</p>",
  "hosts.map": "a.example one\nb.example two\n",
  "paths.map": "/a one\n/a/b two\n",
  "list.lst": "/x\n/y\n",
  "body.txt": "a file's text",
  "text.lf": 'asked for "%[path]"\n',
  "page.http": "HTTP/1.1 404 Not here\nConnection: close\nX-Page: ours\nContent-Type: text/plain\n\nnot here\n",
};

async function visit(scenario: Scenario, port: number): Promise<readonly string[]> {
  if (scenario.inTurn !== true) return await Promise.all(scenario.clients.map((script) => play(port, script)));
  const answers: string[] = [];
  for (const script of scenario.clients) answers.push(await play(port, script));
  return answers;
}

async function runSide(
  scenarios: readonly Scenario[],
  command: (file: string) => readonly string[],
  label: string,
  free: readonly number[],
): Promise<readonly Outcome[]> {
  const folder = mkdtempSync(join(tmpdir(), `lb-scenario-${label}-`));
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
  const servers: Server[] = [];
  const [dead = 0, ...others] = free;
  const serverPorts = others.slice(0, SERVER_COUNT);
  for (const [index, port] of serverPorts.entries()) servers.push(await startServer(`s${index + 1}`, port));
  const ports = others.slice(SERVER_COUNT);
  const lines: string[] = [];
  const log = await openLog(lines);
  const file = join(folder, "haproxy.cfg");
  writeFileSync(file, configure(scenarios, ports, serverPorts, dead, log.port, folder));
  const child = Bun.spawn([...command(file)], { stdout: "ignore", stderr: "pipe" });
  try {
    // The last one has a section of its own: what asks whether it listens is in nobody's log.
    const last = ports.at(-1) ?? 0;
    await until(`${label} listens`, async () => {
      if (child.exitCode !== null) throw new Error(`${label} ended: ${await new Response(child.stderr).text()}`);
      const socket = await Bun.connect({
        hostname: "127.0.0.1",
        port: last,
        socket: { data: () => undefined, connectError: () => undefined },
      }).catch(() => undefined);
      socket?.end();
      return socket !== undefined;
    });
    await Bun.sleep(100);
    lines.length = 0;
    const answers = await Promise.all(scenarios.map((scenario, index) => visit(scenario, ports[index] ?? 0)));
    await Bun.sleep(200);
    return answers.map((own, index) => ({
      answers: own.map((text) => text.replaceAll(folder, "FOLDER")),
      lines: lines.filter((line) => line.includes(` t${index} `) || line.includes(` t${index}/`)),
    }));
  } finally {
    child.kill("SIGTERM");
    await child.exited;
    for (const server of servers) server.close();
    log.close();
    rmSync(folder, { recursive: true });
  }
}

export function statusesOf(text: string): readonly string[] {
  return Array.from(text.matchAll(/^HTTP\/1\.\d (\d+)/gm), ([, status]) => status ?? "");
}

/**
 * All scenarios run in one process: how many connections it has says nothing of one of them. How many its frontend,
 * backend and server have says something where there is one client; an earlier one's may still be about to close.
 */
function hideCounts(line: string, oneClient: boolean): string {
  return line.replace(
    / \d+\/\d+\/(\d+\/\d+)(\/\+?\d+ \d+\/\d+)/,
    (_whole, behind: string, rest: string) => ` ALL/ITS/${oneClient ? behind : "N/N"}${rest}`,
  );
}

/** Compressors differ in their bytes, and so do chunks: both become the text that they stand for. */
function decoded(answer: string): string {
  if (!/^content-encoding: (gzip|deflate)/im.test(answer)) return answer;
  let text = "";
  let rest = answer;
  while (rest !== "") {
    const start = rest.indexOf("\r\n\r\n") + 4;
    const head = rest.slice(0, start);
    const { content, length } = bodyOf(head, rest.slice(start));
    const coding = /^content-encoding: (\w+)/im.exec(head)?.[1];
    const bytes = Buffer.from(content, "latin1");
    const plain = coding === undefined || content === "" ? bytes : decode(bytes, coding);
    text += head + plain.toString("latin1");
    rest = rest.slice(start + length);
  }
  return text;
}

function decode(bytes: Buffer, coding: string): Buffer {
  if (coding === "gzip") return gunzipSync(bytes);
  return ((bytes[0] ?? 0) & 0x0f) === 8 && (((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)) % 31 === 0
    ? Buffer.concat([Buffer.from("zlib: "), inflateSync(bytes)])
    : Buffer.concat([Buffer.from("raw: "), inflateRawSync(bytes)]);
}

/** The body after a head, without its chunks, and the bytes that it took. */
function bodyOf(head: string, text: string): { readonly content: string; readonly length: number } {
  if (!/^transfer-encoding: chunked/im.test(head)) {
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? text.length);
    return { content: text.slice(0, length), length };
  }
  let content = "";
  let at = 0;
  for (;;) {
    const line = text.indexOf("\r\n", at);
    const size = Number.parseInt(text.slice(at, line), 16);
    if (!(size > 0)) return { content, length: line + 4 };
    content += text.slice(line + 2, line + 2 + size);
    at = line + 4 + size;
  }
}

/** What must agree: answers without ports and dates, log lines without times, in the order of their text. */
export function comparableOutcome(scenario: Scenario, outcome: Outcome): object {
  const hide = (text: string): string =>
    text
      .replace(/(PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1) \d+ \d+/g, "$1 PORTS")
      // The binary header has 4 bytes more before its addresses, and ports after them.
      .replace(/(QUIT\n.{4}.{8})(.{4})/gs, "$1PORT")
      .replace(/127\.0\.0\.1:\d+/g, "HOST")
      .replace(/^([\da-f.:]+) \[[^\]]+\]/, "$1 [DATE]")
      // Times of `option tcplog`.
      .replace(/ (-?)\d+\/(-?)\d+\/\d+ (\d+) (..) (?=\S*\/)/, " $1N/$2N/N $3 $4 ");
  const answers = outcome.answers.map((coded) => {
    const text = decoded(coded);
    if (scenario.onlyStatus !== undefined) return statusesOf(text);
    if (scenario.raw === true) return hide(text);
    return text === "" ? "" : comparable(hide(text));
  });
  const lines = outcome.lines
    .map((line) => hideCounts(hide(comparableLine(line)), scenario.clients.length === 1))
    .toSorted();
  return scenario.logDiffers === undefined ? { answers, lines } : { answers };
}

/** Both sides, at once. */
export async function runScenarios(
  scenarios: readonly Scenario[],
): Promise<{ readonly peer: readonly Outcome[]; readonly ours: readonly Outcome[] }> {
  const most = scenarios.length + SERVER_COUNT + 2;
  const free = await freePorts(2 * most);
  const [peer, ours] = await Promise.all([
    runSide(scenarios, (file) => ["haproxy", "-db", "-f", file], "peer", free.slice(0, most)),
    runSide(
      scenarios,
      (file) => [process.execPath, join(ROOT, "tools/ha-lb/main.ts"), "-db", "-f", file],
      "ours",
      free.slice(most),
    ),
  ]);
  return { peer, ours };
}
