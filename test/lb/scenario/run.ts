/** Scenarios: one section of configuration each, and clients that visit it; all of them run at once, on both sides. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { gunzipSync, inflateRawSync, inflateSync } from "node:zlib";
import { freePorts } from "../../../shared/lab/free-port.ts";
import { until } from "../../../shared/lab/host.ts";
import { ask } from "../ask.ts";
import { comparable, comparableLine } from "../pair.ts";
import { type Around, play, type Script } from "./client.ts";
import { Events } from "./events.ts";
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

/** Far longer than anything takes: a scenario about a time limit sets its own, and only that one. */
const DEFAULTS = `defaults
 mode http
 log global
 option httplog
 timeout connect 20s
 timeout client 20s
 timeout server 20s
 timeout http-request 20s
 timeout http-keep-alive 20s
 timeout queue 20s
 timeout check 20s
 retries 1
`;

/** All at once would be a load of its own. */
const SCENARIOS_AT_ONCE = 12;
const START_LIMIT_MS = 90_000;
/** How long log lines may take once both sides have served everybody, and how long both must then stay alike. */
const LOG_LIMIT_MS = 5000;
const LOG_QUIET_MS = 200;

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
  return `global\n log 127.0.0.1:${log} local0\n nbthread 1\n stats socket ${folder}/stats level admin\n maxconn 2000\n${GLOBAL_VARIABLES}${DEFAULTS}${sections.join("")}listen probe\n bind 127.0.0.1:${ports.at(-1) ?? 0}\n`;
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

async function visit(scenario: Scenario, port: number, around: Around): Promise<readonly string[]> {
  if (scenario.inTurn !== true) return await Promise.all(scenario.clients.map((script) => play(port, script, around)));
  const answers: string[] = [];
  for (const script of scenario.clients) answers.push(await play(port, script, around));
  return answers;
}

/** Visits all of them, some at a time. @returns the answers of each, in their order */
async function visitAll(
  scenarios: readonly Scenario[],
  ports: readonly number[],
  aroundOf: (index: number) => Around,
): Promise<readonly (readonly string[])[]> {
  const answers: (readonly string[])[] = [];
  const rest = scenarios.entries();
  const visitor = async (): Promise<void> => {
    for (const [index, scenario] of rest) answers[index] = await visit(scenario, ports[index] ?? 0, aroundOf(index));
  };
  await Promise.all(Array.from({ length: SCENARIOS_AT_ONCE }, visitor));
  return answers;
}

interface RunningSide {
  visit(): Promise<void>;
  /** As far as it has come. */
  outcomes(): readonly Outcome[];
  stop(): Promise<void>;
}

async function startSide(
  scenarios: readonly Scenario[],
  command: (file: string) => readonly string[],
  label: string,
  free: readonly number[],
): Promise<RunningSide> {
  const folder = mkdtempSync(join(tmpdir(), `lb-scenario-${label}-`));
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
  const servers: Server[] = [];
  const events = new Events();
  const [dead = 0, ...others] = free;
  const serverPorts = others.slice(0, SERVER_COUNT);
  for (const [index, port] of serverPorts.entries()) servers.push(await startServer(`s${index + 1}`, port, events));
  const ports = others.slice(SERVER_COUNT);
  const lines: string[] = [];
  const log = await openLog(lines);
  const stats = join(folder, "stats");
  const file = join(folder, "haproxy.cfg");
  writeFileSync(file, configure(scenarios, ports, serverPorts, dead, log.port, folder));
  const child = Bun.spawn([...command(file)], {
    stdout: "ignore",
    stderr: "pipe",
    env: { ...process.env, FIVENINES_RUN_DIR: folder },
  });
  let answers: readonly (readonly string[])[] = [];
  const side: RunningSide = {
    async visit() {
      // The last one has a section of its own: what asks whether it listens is in nobody's log.
      const last = ports.at(-1) ?? 0;
      await until(`${label} listens`, () => listens(label, child, last), START_LIMIT_MS);
      await until(`${label} has checked`, () => hasChecked(scenarios, stats), START_LIMIT_MS);
      answers = await visitAll(scenarios, ports, (index) => ({ events, queued: () => queuedIn(stats, `t${index}`) }));
    },
    outcomes: () =>
      answers.map((own, index) => ({
        answers: own.map((text) => text.replaceAll(folder, "FOLDER")),
        lines: lines.filter((line) => line.includes(` t${index} `) || line.includes(` t${index}/`)),
      })),
    async stop() {
      child.kill("SIGTERM");
      await child.exited;
      for (const server of servers) server.close();
      log.close();
      rmSync(folder, { recursive: true });
    },
  };
  return side;
}

async function listens(
  label: string,
  child: Bun.Subprocess<"ignore", "ignore", "pipe">,
  port: number,
): Promise<boolean> {
  if (child.exitCode !== null) throw new Error(`${label} ended: ${await new Response(child.stderr).text()}`);
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: { data: () => undefined, connectError: () => undefined },
  }).catch(() => undefined);
  socket?.end();
  return socket !== undefined;
}

/** Rows of `show stat`: their values by the names of the columns. */
async function statsOf(path: string): Promise<readonly ReadonlyMap<string, string>[]> {
  const [head = "", ...rows] = (await ask(path, "show stat")).trim().split("\n");
  const names = head.replace("# ", "").split(",");
  return rows.map((row) => {
    const values = row.split(",");
    return new Map(names.map((name, place) => [name, values[place] ?? ""]));
  });
}

async function queuedIn(path: string, section: string): Promise<number> {
  const rows = (await statsOf(path)).filter((row) => row.get("pxname") === section);
  return Math.max(...rows.map((row) => Number(row.get("qcur") ?? 0)));
}

/** Every server that is checked has a result: in all that follows it is what the check has made of it. */
async function hasChecked(scenarios: readonly Scenario[], path: string): Promise<boolean> {
  const checked = new Set(
    scenarios.flatMap(({ section }, index) =>
      Array.from(section.matchAll(/^ server (\w+) .*\bcheck\b/gm), ([, name]) => `t${index}/${name ?? ""}`),
    ),
  );
  for (const row of await statsOf(path)) {
    const status = row.get("check_status") ?? "";
    if (status !== "" && !status.endsWith("INI")) checked.delete(`${row.get("pxname")}/${row.get("svname")}`);
  }
  return checked.size === 0;
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

/** Whether both sides have told the same, as far as they should. */
function areAlike(scenarios: readonly Scenario[], peer: readonly Outcome[], ours: readonly Outcome[]): boolean {
  return scenarios.every((scenario, index) => {
    const [theirs, own] = [peer[index], ours[index]];
    if (theirs === undefined || own === undefined) return false;
    return (
      scenario.ours !== undefined ||
      isDeepStrictEqual(comparableOutcome(scenario, theirs), comparableOutcome(scenario, own))
    );
  });
}

/** Both sides, at once. */
export async function runScenarios(
  scenarios: readonly Scenario[],
): Promise<{ readonly peer: readonly Outcome[]; readonly ours: readonly Outcome[] }> {
  const most = scenarios.length + SERVER_COUNT + 2;
  const free = await freePorts(2 * most);
  const peer = await startSide(scenarios, (file) => ["haproxy", "-db", "-f", file], "peer", free.slice(0, most));
  const main = join(ROOT, "tools/ha-lb/main.ts");
  const command = (file: string): readonly string[] => [process.execPath, main, "-db", "-f", file];
  const ours = await startSide(scenarios, command, "ours", free.slice(most));
  try {
    await Promise.all([peer.visit(), ours.visit()]);
    const alike = (): boolean => areAlike(scenarios, peer.outcomes(), ours.outcomes());
    // Lines come when sessions end and the log has them: a difference that stays is for the tests to tell.
    await until("the logs", alike, LOG_LIMIT_MS).catch(() => undefined);
    await Bun.sleep(LOG_QUIET_MS);
    return { peer: peer.outcomes(), ours: ours.outcomes() };
  } finally {
    await Promise.all([peer.stop(), ours.stop()]);
  }
}
