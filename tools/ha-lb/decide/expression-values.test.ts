import { expect, test } from "bun:test";
import { createHash, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseConfiguration } from "../config/parse.ts";
import { parseIp } from "../model/ip.ts";
import type { HeaderView, SampleContext } from "../model/sample-context.ts";
import { Binary, type SampleValue } from "../model/value.ts";
import { compileCondition } from "./acl.ts";
import { PatternRegistry } from "./acl-registry.ts";
import { compileLogFormat } from "./log-format.ts";

const FOLDER = new URL("../../../test/cases/lb/config/", import.meta.url);

/** The request that the recorded results belong to. */
const HEADERS: readonly (readonly [string, string])[] = [
  ["Host", "www.Example.com:8080"],
  ["X-Case", "0"],
  ["X-List", "one, two"],
  ["X-List", '"a,b", three'],
  ["X-Num", "42"],
  ["X-Ip", "192.168.1.5"],
  ["Cookie", 'sid=abc; n=12; b="q"'],
  ["Cookie", "sid=second"],
  ["Authorization", "Basic dXNlcjpwYTpzcw=="],
  ["Content-Length", "5"],
  ["Connection", "close"],
];

const headers: HeaderView = {
  all: (name) => HEADERS.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value),
  entries: () => HEADERS,
};

/** Reading what the cases don't need fails loudly. */
function unused(name: string): never {
  throw new Error(`the cases don't need '${name}'`);
}

function makeContext(): SampleContext {
  const variables = new Map<string, SampleValue>([
    ["txn.v", "val"],
    ["txn.num", 35],
    ["txn.bin", new Binary("AB\xff")],
  ]);
  const local = parseIp("127.0.0.1");
  const proxy = { name: "fe", id: 3, defaultBackend: "", timeoutMs: () => 5000 };
  const context: Pick<
    SampleContext,
    | "nowMs"
    | "client"
    | "request"
    | "response"
    | "server"
    | "frontend"
    | "backend"
    | "variables"
    | "world"
    | "random"
    | "captured"
    | "lastRule"
    | "uniqueId"
    | "tracked"
    | "requestBuffer"
    | "responseBuffer"
    | "inspectionEnded"
  > = {
    nowMs: 1_700_000_000_000,
    client: {
      source: local,
      sourcePort: 1,
      destination: local,
      destinationPort: 18199,
      connectionSource: local,
      connectionSourcePort: 1,
      connectionDestination: local,
      connectionDestinationPort: 18199,
      receivedProxyHeader: false,
      proxyAuthority: undefined,
      proxyUniqueId: undefined,
      httpMajor: 1,
      tls: undefined,
      listenerId: 1,
      listenerName: "",
      listenerConnections: 1,
      tcpInfo: () => undefined,
    },
    request: {
      method: "GET",
      uri: "/a/b/c.html?x=1&y=two%20words&x=3",
      version: "1.1",
      headers,
      body: () => "hello",
      bodySize: () => 5,
      first: true,
    },
    response: undefined,
    server: undefined,
    frontend: proxy,
    backend: undefined,
    lastRule: undefined,
    inspectionEnded: true,
    variables: {
      get: (scope, name) => variables.get(`${scope}.${name}`),
      set: (scope, name, value) => void variables.set(`${scope}.${name}`, value),
      unset: (scope, name) => void variables.delete(`${scope}.${name}`),
    },
    world: {
      hostName: "host",
      processNumber: 1,
      threadNumber: 1,
      stopping: false,
      environment: () => undefined,
      frontend: () => ({ connections: 1, sessionRate: 1, requestRate: 1 }),
      backend: () => ({
        connections: 0,
        freeConnections: 0,
        connectionSlots: 0,
        usableServers: 1,
        queue: 0,
        averageQueue: 0,
        sessionRate: 0,
      }),
      server: () => ({
        connections: 0,
        freeConnections: 0,
        queue: 0,
        sessionRate: 0,
        up: true,
        weight: 1,
        initialWeight: 1,
        userWeight: 1,
      }),
      isLocal: () => true,
      authenticate: () => undefined,
      uuid: () => "u",
      digest: (algorithm, data) => createHash(algorithm).update(data, "latin1").digest().toString("latin1"),
      hmac: (algorithm, key, data) =>
        createHmac(algorithm, Buffer.from(key, "latin1")).update(data, "latin1").digest().toString("latin1"),
      aesGcmDecrypt: () => unused("aesGcmDecrypt"),
      verifyToken: () => unused("verifyToken"),
    },
    random: () => 0.5,
    captured: () => undefined,
    uniqueId: () => "fixed-id",
    tracked: () => undefined,
    requestBuffer: () => "",
    responseBuffer: () => "",
  };
  const absent = { get: () => unused("tables or log") };
  return { ...context, tables: new Proxy({}, absent), log: new Proxy({}, absent) } as SampleContext;
}

interface ValueCase {
  readonly text: string;
  readonly expected: string;
}

const CASES: readonly ValueCase[] = readFileSync(new URL("expressions.txt", FOLDER), "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => {
    const [text = "", expected = ""] = line.split("\t");
    return { text, expected: String(JSON.parse(expected)) };
  });

const latin1 = (text: string) => Buffer.from(text, "utf8").toString("latin1");
const patterns = new PatternRegistry((path) => readFileSync(path, "latin1"));
const environment = {
  patterns,
  proxyName: "fe",
  files: { texts: new Map(), formats: new Map() },
  sectionPage: () => undefined,
};

function rule(text: string): string {
  const own = text.replace(/MAPFILE\d?/g, (name) => new URL(`maps/${name}`, FOLDER).pathname);
  if (!text.startsWith("acl ")) return `http-request set-header X '<%[${own}]>'`;
  const body = own.slice(4);
  return `http-request set-header X T if ${/^[A-Z_0-9.]+$/.test(body) ? body : `{ ${body} }`}`;
}

/** Parses one rule and evaluates it as the data plane would. */
function evaluate(text: string): string {
  const cfg = `frontend fe\n mode http\n bind :1\n timeout client 1s\n unique-id-format x\n ${latin1(rule(text))}\nbackend b2\n server s1 1.1.1.1:1\n`;
  const result = parseConfiguration([{ file: "x.cfg", text: cfg }], { environment: new Map() });
  if (!result.ok) return `refused: ${JSON.stringify(result.problems[0])}`;
  const [only] = result.value.proxies[0]?.httpRequest ?? [];
  if (only?.action.kind !== "set-header") return "no rule";
  if (text.startsWith("acl ")) return compileCondition(only.condition, environment)(makeContext()) ? "T" : "F";
  return compileLogFormat(only.action.value, environment, "value")(makeContext());
}

/** Where ha-lb answers otherwise, and why. */
const DIFFERENT: ReadonlyMap<string, string> = new Map([
  ["req.hdr_names", "the data plane hides Connection, which this request view shows"],
  ["req.hdr_names(:)", "the same"],
]);

test(`${CASES.length} expressions and conditions give what HAProxy gives`, () => {
  const wrong = CASES.filter(({ text, expected }) => !DIFFERENT.has(text) && evaluate(text) !== expected);
  expect(wrong.map(({ text, expected }) => ({ text, expected, got: evaluate(text) }))).toEqual([]);
});
