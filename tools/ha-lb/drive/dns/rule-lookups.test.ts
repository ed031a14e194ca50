/** Names that rules ask for, with a name server that answers when it is told to. */
import { afterEach, expect, test } from "bun:test";
import { until } from "../../../../shared/lab/host.ts";
import type { Resolvers } from "../../model/global.ts";
import { RuleLookups } from "./rule-lookups.ts";

/** No question is put again while a test runs. */
const RETRY_MS = 60_000;
const HEADER_BYTES = 12;

class Server {
  readonly asked: string[] = [];
  private readonly replies: (() => void)[] = [];
  private constructor(private readonly socket: () => Bun.udp.Socket<"buffer">) {}

  static async open(): Promise<Server> {
    const server = new Server(() => udp);
    const udp = await Bun.udpSocket({
      hostname: "127.0.0.1",
      socket: {
        data: (socket, query, port, host) => {
          const end = query.indexOf(0, HEADER_BYTES);
          const question = query.subarray(HEADER_BYTES, end + 5);
          server.asked.push(query.toString("latin1", HEADER_BYTES + 1, end));
          const addresses = [2, 3].map((last) => [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 127, 0, 0, last]);
          const head = [query[0] ?? 0, query[1] ?? 0, 0x81, 0x80, 0, 1, 0, 2, 0, 0, 0, 0];
          const reply = Buffer.concat([Buffer.from(head), question, ...addresses.map((one) => Buffer.from(one))]);
          server.replies.push(() => void socket.send(reply, port, host));
        },
      },
    });
    return server;
  }
  get port(): number {
    return this.socket().port;
  }
  answerAll(): void {
    for (const reply of this.replies.splice(0)) reply();
  }
  close(): void {
    this.socket().close();
  }
}

const opened: { readonly server: Server; readonly lookups: RuleLookups }[] = [];
async function open(): Promise<{ readonly server: Server; readonly lookups: RuleLookups }> {
  const server = await Server.open();
  const at = { file: "", line: 1, column: 1, length: 1 };
  const { port } = server;
  const address = { kind: "ip", host: "127.0.0.1", family: 4, port, portEnd: port } as const;
  const section: Resolvers = {
    name: "names",
    nameServers: [{ name: "one", address, stream: false }],
    parseResolvConf: false,
    acceptedPayloadBytes: 512,
    resolveRetries: 1,
    timeoutResolveMs: 1000,
    timeoutRetryMs: RETRY_MS,
    holdMs: { valid: RETRY_MS, nx: 0, refused: 0, timeout: 0, obsolete: 0, other: 0 },
    at,
  };
  const one = { server, lookups: new RuleLookups(new Map([["names", section]])) };
  opened.push(one);
  return one;
}
afterEach(() => {
  for (const { lookups, server } of opened.splice(0)) {
    for (const resolver of lookups.resolvers.values()) resolver.close();
    server.close();
  }
});

test("one look-up serves all who ask before it is over, and its addresses take turns", async () => {
  const { lookups, server } = await open();
  const taken: (string | undefined)[] = [];
  for (let index = 0; index < 4; index += 1)
    lookups.find("names", index % 2 === 0 ? "a.test" : "A.Test", 4, (address) => taken.push(address?.toString()));
  await until("it was asked", () => server.asked.length > 0);
  expect(taken).toEqual([]);
  server.answerAll();
  await until("all know", () => taken.length === 4);
  expect(taken).toEqual(["127.0.0.2", "127.0.0.3", "127.0.0.2", "127.0.0.3"]);
  // Known now: the answer comes at once.
  lookups.find("names", "a.test", 4, (address) => taken.push(address?.toString()));
  expect(taken.length).toBe(5);
  expect(server.asked).toEqual(["a\x04test"]);
});

test("clients can't make more look-ups than the limit; who asks for a running one still waits for it", async () => {
  const { lookups, server } = await open();
  let refused = 0;
  let found = 0;
  const take = (address: object | undefined): void => {
    if (address === undefined) refused += 1;
    else found += 1;
  };
  for (let index = 0; index < 1200; index += 1) lookups.find("names", `n${index}.test`, 4, take);
  expect(refused).toBe(200);
  lookups.find("names", "n0.test", 4, take);
  expect(refused).toBe(200);
  await until("answers come", () => {
    server.answerAll();
    return found > 0;
  });
});

test("a name that can't be asked for, and a section that isn't there, give nothing at once", async () => {
  const { lookups } = await open();
  const taken: unknown[] = [];
  lookups.find("names", "a..b", 4, (address) => taken.push(address));
  lookups.find("others", "a.test", 6, (address) => taken.push(address));
  expect(taken).toEqual([undefined, undefined]);
});
