/** Rules of `mode tcp`: the same bytes to HAProxy and to ha-lb, which server answers or whether they are refused. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { freePorts } from "../../shared/lab/free-port.ts";
import { HAS_HAPROXY, type Pair, startPair } from "./pair.ts";

/** A TLS client hello for a name, as a client's first bytes. */
function clientHello(name: string): Buffer {
  const host = Buffer.from(name);
  const entry = Buffer.concat([Buffer.from([0, host.length >> 8, host.length & 255]), host]);
  const list = Buffer.concat([Buffer.from([entry.length >> 8, entry.length & 255]), entry]);
  const extension = Buffer.concat([Buffer.from([0, 0, list.length >> 8, list.length & 255]), list]);
  const extensions = Buffer.concat([Buffer.from([extension.length >> 8, extension.length & 255]), extension]);
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32, 7),
    Buffer.from([0, 0, 2, 0x13, 1, 1, 0]),
    extensions,
  ]);
  const handshake = Buffer.concat([Buffer.from([1, 0, body.length >> 8, body.length & 255]), body]);
  return Buffer.concat([Buffer.from([22, 3, 1, handshake.length >> 8, handshake.length & 255]), handshake]);
}

const ANSWER_LIMIT_MS = 30_000;
/** The client that says nothing: how long its bytes are waited for, and how long it waits itself. */
const SHORT_DELAY_MS = 400;
const SILENCE_MS = 2500;

/** Sends the pieces, each a moment after the other. @returns which server answered, or "refused" or "silent" */
async function answered(port: number, pieces: readonly Buffer[]): Promise<string> {
  const quietMs = pieces.length === 0 ? SILENCE_MS : ANSWER_LIMIT_MS;
  return await new Promise((resolve) => {
    let text = "";
    const socket = connect(port, "127.0.0.1", () => {
      for (const [index, piece] of pieces.entries()) setTimeout(() => socket.write(piece), index * 40);
    });
    socket.setTimeout(quietMs, () => {
      resolve("silent");
      socket.destroy();
    });
    socket.on("data", (data) => {
      text += data.toString("latin1");
      const found = /X-Server: (\w+)/.exec(text)?.[1];
      if (found === undefined) return;
      resolve(found);
      socket.destroy();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve("refused"));
  });
}

const get = Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
const one = clientHello("one.example");
const two = clientHello("TWO.example");
const other = clientHello("other.example");

const CASES: readonly (readonly [string, readonly Buffer[]])[] = [
  ["a name with a rule", [one]],
  ["another name, in other letters", [two]],
  ["a name without a rule", [other]],
  ["in two pieces", [one.subarray(0, 20), one.subarray(20)]],
  ["byte by byte at first", [one.subarray(0, 1), one.subarray(1, 3), one.subarray(3)]],
  ["no TLS", [get]],
  ["nothing at all", []],
];

const defaults = `defaults
 mode tcp
 timeout connect 20s
 timeout client 40s
 timeout server 40s
`;

const servers = ([s1, s2, s3]: readonly number[]) => `backend one
 server s1 127.0.0.1:${s1}
backend two
 server s2 127.0.0.1:${s2}
backend rest
 server s3 127.0.0.1:${s3}
`;

const CONFIGURATIONS: readonly (readonly [string, string])[] = [
  [
    "by name after an inspection",
    ` tcp-request inspect-delay DELAY
 tcp-request content accept if { req.ssl_hello_type 1 }
 use_backend one if { req.ssl_sni -i one.example }
 use_backend two if { req.ssl_sni -i two.example }
 default_backend rest`,
  ],
  [
    "only TLS is let in",
    ` tcp-request inspect-delay DELAY
 tcp-request content reject unless { req.ssl_hello_type 1 }
 default_backend one`,
  ],
  [
    "a connection rule refuses",
    ` tcp-request connection reject if { src 127.0.0.0/8 }
 default_backend one`,
  ],
  [
    "a connection rule that isn't met",
    ` tcp-request connection reject if { src 10.0.0.0/8 }
 use_backend two if { src 127.0.0.1 }
 default_backend one`,
  ],
  [
    "counted: the third is refused",
    ` stick-table type ip size 1k expire 1m store conn_cnt
 tcp-request connection track-sc0 src
 tcp-request connection reject if { sc0_conn_cnt gt 3 }
 default_backend one`,
  ],
];

for (const [what, rules] of CONFIGURATIONS) {
  describe.skipIf(!HAS_HAPROXY)(`rules of mode tcp, ${what} (needs haproxy)`, () => {
    let pair: Pair;
    /** Of each side: where there is time for every piece, and where there isn't much for who says nothing. */
    let ports: readonly number[] = [];
    beforeAll(async () => {
      ports = await freePorts(4);
      const sides = [ports.slice(0, 2), ports.slice(2)].values();
      pair = await startPair((probe, _log, backends) => {
        const [patient, hasty] = sides.next().value ?? [];
        const frontend = (name: string, port: number | undefined, delay: string): string =>
          `frontend ${name}\n bind 127.0.0.1:${port}\n${rules.replace("DELAY", delay)}\n`;
        return `${defaults}${frontend("f", patient, "20s")}${frontend("g", hasty, `${SHORT_DELAY_MS}ms`)}${servers(backends)}listen probe\n bind 127.0.0.1:${probe}\n`;
      });
    });
    afterAll(async () => await pair.stop());

    for (const [name, pieces] of CASES) {
      test(name, async () => {
        const way = pieces.length === 0 && rules.includes("DELAY") ? 1 : 0;
        const [theirs, ours] = await Promise.all(
          [0, 2].map(async (side) => await answered(ports[side + way] ?? 0, pieces)),
        );
        expect(ours).toBe(theirs ?? "");
      });
    }
  });
}
