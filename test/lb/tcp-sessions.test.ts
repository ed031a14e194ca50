/** Sessions of `mode tcp` as operators see and end them: beside HAProxy. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, createServer, type Server, type Socket } from "node:net";
import { freePorts } from "../../shared/lab/free-port.ts";
import { until } from "../../shared/lab/host.ts";
import { HAS_HAPROXY } from "./pair.ts";
import { type Running, startBalancer } from "./running.ts";

const configuration = (port: number, server: number): string => `global
 nbthread 1
 log stdout format raw local0
defaults
 mode tcp
 log global
 timeout client 60s
 timeout server 60s
 timeout connect 20s
listen t
 bind 127.0.0.1:${port}
 log-format "ended %b/%s %ts"
 server s1 127.0.0.1:${server} check inter 60s on-marked-down shutdown-sessions
`;

/** More than what makes ha-lb hand a stream to the kernel. */
const LONG_BYTES = 400 * 1024;

interface Client {
  readonly socket: Socket;
  received: number;
  closed: boolean;
}

describe.skipIf(!HAS_HAPROXY)("sessions of mode tcp (needs haproxy)", () => {
  const sides: { readonly running: Running; readonly port: number }[] = [];
  let origin: Server;

  beforeAll(async () => {
    const [server = 0, ...ports] = await freePorts(3);
    origin = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.pipe(socket);
    });
    await new Promise<void>((resolve) => void origin.listen(server, "127.0.0.1", resolve));
    for (const [index, which] of (["haproxy", "ha-lb"] as const).entries()) {
      const port = ports[index] ?? 0;
      sides.push({ port, running: await startBalancer(which, configuration(port, server)) });
    }
  }, 60_000);
  afterAll(async () => {
    await Promise.all(sides.map(({ running }) => running.stop()));
    origin.close();
  });

  const open = async (port: number, bytes: number): Promise<Client> => {
    const client: Client = { socket: connect(port, "127.0.0.1"), received: 0, closed: false };
    client.socket.on("error", () => undefined);
    client.socket.on("data", (data) => {
      client.received += data.length;
    });
    client.socket.on("close", () => {
      client.closed = true;
    });
    client.socket.write(Buffer.alloc(bytes, 120));
    await until("its echo", () => client.received >= bytes);
    return client;
  };
  /** How a session ends by a command, on both sides. */
  const endings = async (bytes: number, end: (running: Running) => Promise<unknown>): Promise<readonly string[]> => {
    const seen: string[] = [];
    for (const { port, running } of sides) {
      const client = await open(port, bytes);
      const ended = (): readonly string[] => running.lines().filter((line) => line.startsWith("ended "));
      const before = ended().length;
      await end(running);
      await until("it is closed", () => client.closed);
      await until("its line", () => ended().length > before);
      seen.push(ended().slice(before).join("\n"));
    }
    return seen;
  };
  const idOf = async (running: Running): Promise<string> =>
    /^(0x[\da-f]+): proto=tcp\S* src=127\.0\.0\.1:\d+ fe=t be=t srv=s1/m.exec(await running.ask("show sess"))?.[1] ??
    "";

  for (const [name, bytes] of [
    ["a short one", 100],
    ["a long one", LONG_BYTES],
  ] as const) {
    test(`${name} is in the list, and is ended by its name`, async () => {
      const [theirs, ours] = await endings(bytes, async (running) => {
        const id = await idOf(running);
        expect(id).not.toBe("");
        expect((await running.ask(`shutdown session ${id}`)).trim()).toBe("");
      });
      expect(ours).toBe(theirs ?? "");
    });

    test(`${name} is ended with all of its server`, async () => {
      const [theirs, ours] = await endings(bytes, (running) => running.ask("shutdown sessions server t/s1"));
      expect(ours).toBe(theirs ?? "");
    });

    test(`${name} ends with a server that is marked down`, async () => {
      const [theirs, ours] = await endings(bytes, (running) => running.ask("set server t/s1 health down"));
      expect(ours).toBe(theirs ?? "");
      for (const { running } of sides) {
        await running.ask("set server t/s1 health up");
        await until("it is up again", async () => /^t,s1,.*,UP,/m.test(await running.ask("show stat")));
      }
    });
  }
});
