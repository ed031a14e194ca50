/**
 * Requests that two parsers could read differently, with nginx and HAProxy behind ha-lb: what it lets through they must
 * read as the same requests. After each message a request of somebody else follows on the connections that it left.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { until } from "../../shared/lab/host.ts";
import { freePorts } from "../../shared/lab/free-port.ts";
import { HAS_HAPROXY } from "./pair.ts";

/** Far more than it takes, also on a machine that does many other things. */
setDefaultTimeout(400_000);

const ROOT = join(import.meta.dir, "..", "..");
const HAS_NGINX = Bun.which("nginx") !== null;

/** Sends bytes and the end of the stream; everything that comes back. */
async function exchange(port: number, bytes: string): Promise<string> {
  return await new Promise((resolve) => {
    let text = "";
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true }, () => {
      socket.end(Buffer.from(bytes, "latin1"));
    });
    socket.setTimeout(60_000, () => socket.destroy());
    socket.on("data", (data) => {
      text += data.toString("latin1");
    });
    socket.on("error", () => undefined);
    socket.on("end", () => socket.destroy());
    socket.on("close", () => resolve(text));
  });
}

const HIDDEN = "GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n";
const CHUNKS = "0\r\n\r\n";
const head = (...lines: readonly string[]): string =>
  `POST /outer HTTP/1.1\r\nHost: h\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`;
const CODING = "Transfer-Encoding: chunked";
const length = (text: string): string => `Content-Length: ${text.length}`;

/** Each is one message that some parser, somewhere, reads as two, or otherwise. */
const MESSAGES: readonly string[] = [
  // A length and a coding.
  head(length(CHUNKS + HIDDEN), CODING) + CHUNKS + HIDDEN,
  head(CODING, length(CHUNKS + HIDDEN)) + CHUNKS + HIDDEN,
  head("Content-Length: 4", CODING) + `5c\r\n${HIDDEN}\r\n${CHUNKS}`,
  // Codings that aren't quite chunked.
  ...[
    "Transfer-Encoding: xchunked",
    "Transfer-Encoding : chunked",
    "Transfer-Encoding:\tchunked",
    "Transfer-Encoding:\x0bchunked",
    "Transfer-Encoding: chunked, identity",
    "Transfer-Encoding: identity, chunked",
    "Transfer-Encoding: chunked, chunked",
    "Transfer-Encoding: ,chunked",
    "Transfer-Encoding: chunked,",
    "Transfer-Encoding: gzip, chunked",
    'Transfer-Encoding: "chunked"',
    "Transfer-Encoding: chunked;x=y",
    "Transfer-Encoding: CHUNKED",
    "Transfer-Encoding: chunked\x00",
    "Transfer-Encoding:\r\n chunked",
    "Transfer-Encoding\r\n : chunked",
    " Transfer-Encoding: chunked",
    "X: y\nTransfer-Encoding: chunked",
    "X: y\rTransfer-Encoding: chunked",
    "X:\x00Transfer-Encoding: chunked",
    "Transfer-Encoding: identity",
    "Transfer_Encoding: chunked",
    "Transfer-Encoding:",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    "Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
  ].flatMap((line) => [
    head(line) + CHUNKS + HIDDEN,
    head(line, length(CHUNKS + HIDDEN)) + CHUNKS + HIDDEN,
    head(length(CHUNKS + HIDDEN), line) + CHUNKS + HIDDEN,
  ]),
  // Lengths.
  ...[
    "+5",
    "-5",
    "5 ",
    " 5",
    "5, 5",
    "5,6",
    "0x5",
    "05",
    "5a",
    "",
    "5\x00",
    "18446744073709551621",
    "5;5",
    "5.0",
    "٥",
  ].map((text) => `${head(`Content-Length: ${text}`)}hello${HIDDEN}`),
  `${head("Content-Length: 5", "Content-Length: 5")}hello${HIDDEN}`,
  `${head("Content-Length: 0", `Content-Length: ${HIDDEN.length}`)}${HIDDEN}`,
  `${head(`Content-Length: ${HIDDEN.length}`, "Content-Length: 0")}${HIDDEN}`,
  `${head("Content-Length : 5")}hello${HIDDEN}`,
  `${head("Content_Length: 5")}hello${HIDDEN}`,
  // Chunks.
  ...[
    "0;x\r\n\r\n",
    "0;x\n\r\n",
    "0\n\r\n",
    "0\r\n\n",
    "0 \r\n\r\n",
    "00\r\n\r\n",
    "-0\r\n\r\n",
    "0x0\r\n\r\n",
    "0\r\nX: y\r\n\r\n",
    "0\r\nContent-Length: 30\r\n\r\n",
    "0\r\n X: y\r\n\r\n",
    "0\r\nX: y\n\r\n",
    "1\r\na0\r\n\r\n",
    "1\r\na\n0\r\n\r\n",
    "2\r\na\r\n0\r\n\r\n",
    '1;a="\r\n"\r\na\r\n0\r\n\r\n',
    "ffffffffffffffff1\r\na\r\n0\r\n\r\n",
    "1\ra\r\n0\r\n\r\n",
    "\r\n0\r\n\r\n",
    "1 ;x\r\na\r\n0\r\n\r\n",
    "1;\x00\r\na\r\n0\r\n\r\n",
    "1;\r\r\na\r\n0\r\n\r\n",
  ].map((chunks) => head(CODING) + chunks + HIDDEN),
  // Lines and names.
  `GET /a HTTP/1.1\nHost: h\n\n${HIDDEN}`,
  `GET /a HTTP/1.1\r\nHost: h\r\n\n${HIDDEN}`,
  `GET /a HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n${HIDDEN}`,
  `GET /a HTTP/1.1\r\n Host: h\r\n\r\n${HIDDEN}`,
  `GET /a HTTP/1.1\r\nHost: h\r\nX\r\n\r\n${HIDDEN}`,
  `GET /a HTTP/1.1\r\nHost: h\r\n: x\r\n\r\n${HIDDEN}`,
  `GET /a HTTP/1.1\r\nHost: h\r\nX[]: x\r\n\r\n${HIDDEN}`,
  `GET /a HTTP/1.1\r\nHost: h\r\nX: \x00\r\n\r\n${HIDDEN}`,
  `GET /a HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n${HIDDEN}`,
  `GET /a HTTP/1.1\r\nHost: h, i\r\n\r\n${HIDDEN}`,
  `GET http://i/a HTTP/1.1\r\nHost: h\r\n\r\n${HIDDEN}`,
  `GET http://h/a HTTP/1.1\r\nHost: h\r\n\r\n${HIDDEN}`,
  `GET http://h@i/a HTTP/1.1\r\nHost: h\r\n\r\n${HIDDEN}`,
  `GET /a\tHTTP/1.1\r\nHost: h\r\n\r\n${HIDDEN}`,
  `GET  /a HTTP/1.1\r\nHost: h\r\n\r\n${HIDDEN}`,
  `GET /a HTTP/1.1 \r\nHost: h\r\n\r\n${HIDDEN}`,
  `GET /a b HTTP/1.1\r\nHost: h\r\n\r\n${HIDDEN}`,
  `GET /a HTTP/1.2\r\nHost: h\r\n\r\n${HIDDEN}`,
  `GET /a HTTP/0.9\r\n\r\n${HIDDEN}`,
  `GET /a\r\n${HIDDEN}`,
  `GET /a HTTP/1.0\r\n${CODING}\r\n\r\n${CHUNKS}${HIDDEN}`,
  `GET /a HTTP/1.0\r\nConnection: keep-alive\r\n${CODING}\r\n\r\n${CHUNKS}${HIDDEN}`,
  `get /a HTTP/1.1\r\nHost: h\r\n\r\n${HIDDEN}`,
  `\r\n\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n${HIDDEN}`,
  `\rGET /a HTTP/1.1\r\nHost: h\r\n\r\n${HIDDEN}`,
  `GET /a HTTP/1.1\r\nHost: h\r\nConnection: Content-Length\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`,
  `GET /a HTTP/1.1\r\nHost: h\r\nConnection: Transfer-Encoding\r\n${CODING}\r\n\r\n${CHUNKS}${HIDDEN}`,
  `GET /a HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\n\r\n${HIDDEN}`,
  `GET /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`,
  `HEAD /a HTTP/1.1\r\nHost: h\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`,
];

const PIECES = [
  "\r\n", "\n", "\r", " ", "\t", "\0", "\x0b", ":", ";", ",", "0", "5", "-", "chunked", "Transfer-Encoding: chunked\r\n",
  "Content-Length: 5\r\n", "Content-Length: 0\r\n", "Connection: close\r\n", "GET /x HTTP/1.1\r\n", "Host: h\r\n", "\r\n\r\n", "0\r\n\r\n",
  "\x80", "%00", "HTTP/1.0", "X: y\r\n z\r\n",
]; // prettier-ignore

/** A good or bad message with a few pieces put in, cut out or doubled. */
const MUTATION = fc
  .tuple(
    fc.constantFrom(...MESSAGES),
    fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(...PIECES), fc.nat(3)), {
      minLength: 1,
      maxLength: 3,
    }),
  )
  .map(([message, edits]) =>
    edits.reduce((text, [where, piece, how]) => {
      const at = Math.floor(where * text.length);
      if (how === 0) return text.slice(0, at) + piece + text.slice(at);
      if (how === 1) return text.slice(0, at) + text.slice(at + piece.length);
      if (how === 2) return text.slice(0, at) + piece + text.slice(at + piece.length);
      return text.slice(0, at) + text.slice(Math.max(0, at - 12));
    }, message),
  );
const RANDOM_RUNS = 1500;
const SEED = 20_261;

/** nginx shows an absolute target as its path. */
const plain = (request: string): string => request.replace(/ https?:\/\/[^/]*/, " ");

/** What the server saw; in place of a request that it refused, which it doesn't show, the one that it must have been. */
function alike(seen: readonly string[], passed: readonly string[]): readonly string[] {
  const shown = seen.map(plain).filter((request) => !/^(- -|<BADREQ>)/.test(request));
  const missing = passed.map(plain);
  for (const request of shown) {
    const at = missing.indexOf(request);
    if (at >= 0) missing.splice(at, 1);
  }
  return [...shown, ...missing.slice(0, seen.length - shown.length)].toSorted();
}

interface Seen {
  /** Method and target of every request, in turn. */
  readonly requests: string[];
}

/** What HAProxy's own log line or nginx's says of a request. */
async function openLog(seen: Seen, pattern: RegExp): Promise<Bun.udp.Socket<"buffer">> {
  return await Bun.udpSocket({
    hostname: "127.0.0.1",
    socket: {
      data: (_socket, data) => {
        const found = pattern.exec(data.toString("latin1"));
        if (found?.[1] !== undefined) seen.requests.push(found[1]);
      },
    },
  });
}

describe.skipIf(!HAS_HAPROXY || !HAS_NGINX)("messages that could be read in two ways (needs haproxy, nginx)", () => {
  const folder = mkdtempSync(join(tmpdir(), "lb-smuggling-"));
  const processes: Bun.Subprocess[] = [];
  const logs: Bun.udp.Socket<"buffer">[] = [];
  const behind: Record<"nginx" | "haproxy", Seen> = { nginx: { requests: [] }, haproxy: { requests: [] } };
  const passed: Record<"nginx" | "haproxy", Seen> = { nginx: { requests: [] }, haproxy: { requests: [] } };
  /** The tricks are soon given up; whoever comes after them has time. Both use the same connections to the server. */
  const ports = { nginx: { tricks: 0, after: 0, server: 0 }, haproxy: { tricks: 0, after: 0, server: 0 } };

  beforeAll(async () => {
    for (const own of [ports.nginx, ports.haproxy]) {
      [own.tricks = 0, own.after = 0, own.server = 0] = await freePorts(3);
    }
    const nginxLog = await openLog(behind.nginx, /REQUEST (\S+ \S+)/);
    const peerLog = await openLog(behind.haproxy, /REQUEST (\S+ \S+)/);
    const ownNginx = await openLog(passed.nginx, /REQUEST s (\S+ \S+)/);
    const ownHaproxy = await openLog(passed.haproxy, /REQUEST s (\S+ \S+)/);
    logs.push(nginxLog, peerLog, ownNginx, ownHaproxy);
    writeFileSync(
      join(folder, "nginx.conf"),
      `daemon off;\nworker_processes 1;\npid ${folder}/nginx.pid;\nerror_log ${folder}/error.log;\nevents {}\nhttp {
 log_format own 'REQUEST $request_method $request_uri $status';
 access_log syslog:server=127.0.0.1:${nginxLog.port},nohostname own;
 client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
 keepalive_requests 100000;
 server { listen 127.0.0.1:${ports.nginx.server}; ignore_invalid_headers off; underscores_in_headers on; location / { return 200 "$request_uri"; } }
}\n`,
    );
    const timeouts = " timeout connect 60s\n timeout client 60s\n timeout server 60s\n";
    const line = (server: string): string => ` log-format "REQUEST ${server}%HM %HU"\n`;
    writeFileSync(
      join(folder, "peer.cfg"),
      `global\n nbthread 1\ndefaults\n mode http\n${timeouts}frontend f\n bind 127.0.0.1:${ports.haproxy.server}\n log 127.0.0.1:${peerLog.port} local0\n${line("")} http-request return status 200 content-type text/plain lf-string %[pathq]\n`,
    );
    const frontend = (port: number, backend: string, log: number, limits = ""): string =>
      `frontend f${port}\n bind 127.0.0.1:${port}\n log 127.0.0.1:${log} local0\n${line("%s ")}${limits} default_backend ${backend}\n`;
    const sections = (name: "nginx" | "haproxy", log: number): string => {
      const { tricks, after, server } = ports[name];
      const impatient = frontend(tricks, name, log, " timeout client 300ms\n timeout http-request 300ms\n");
      return `${impatient}${frontend(after, name, log)}backend ${name}\n http-reuse always\n server s 127.0.0.1:${server}\n`;
    };
    writeFileSync(
      join(folder, "own.cfg"),
      `defaults\n mode http\n${timeouts}${sections("nginx", ownNginx.port)}${sections("haproxy", ownHaproxy.port)}`,
    );
    const start = (...command: readonly string[]): void => {
      processes.push(Bun.spawn([...command], { stdout: "ignore", stderr: "ignore" }));
    };
    start("nginx", "-c", join(folder, "nginx.conf"), "-e", join(folder, "error.log"));
    start("haproxy", "-db", "-f", join(folder, "peer.cfg"));
    start(process.execPath, join(ROOT, "tools/ha-lb/main.ts"), "-db", "-f", join(folder, "own.cfg"));
    for (const { after } of [ports.nginx, ports.haproxy]) {
      await until("all are up", async () => (await exchange(after, "GET /up HTTP/1.0\r\n\r\n")).includes(" 200 OK"));
    }
  });
  afterAll(async () => {
    for (const one of processes) one.kill("SIGTERM");
    await Promise.all(processes.map((one) => one.exited));
    for (const log of logs) log.close();
    rmSync(folder, { recursive: true });
  });

  const visit = async (which: "nginx" | "haproxy", messages: readonly string[]): Promise<void> => {
    const { tricks, after } = ports[which];
    for (const [index, message] of messages.entries()) {
      const [own, other] = [passed[which].requests, behind[which].requests];
      [own.length, other.length] = [0, 0];
      await exchange(tricks, message);
      const canary = `/canary-${index}`;
      const answer = await exchange(after, `GET ${canary} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
      expect(`${JSON.stringify(message)} ${answer.slice(answer.indexOf("\r\n\r\n") + 4)}`).toBe(
        `${JSON.stringify(message)} ${canary}`,
      );
      await until("both have logged", () => own.includes(`GET ${canary}`) && other.includes(`GET ${canary}`));
      expect({ message, requests: alike(other, own) }).toEqual({ message, requests: own.map(plain).toSorted() });
    }
  };

  for (const which of ["nginx", "haproxy"] as const) {
    test(`known tricks before ${which}`, async () => visit(which, MESSAGES));
    test(`${RANDOM_RUNS} mutations before ${which}`, async () =>
      visit(which, fc.sample(MUTATION, { numRuns: RANDOM_RUNS, seed: SEED })));
  }
});
