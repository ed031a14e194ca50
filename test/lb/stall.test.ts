/** A balancer that stood still, as a machine does that is moved or has no processor: what came meanwhile counts. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { freePorts } from "../../shared/lab/free-port.ts";
import { until } from "../../shared/lab/host.ts";
import { type Running, startBalancer } from "./running.ts";

/** Far more than it takes, also on a machine that does many other things. */
setDefaultTimeout(120_000);

const TIMEOUT_MS = 3000;
const REQUEST = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

describe("a balancer that stood still for longer than its patience", () => {
  const held: Socket[] = [];
  let server: Server;
  let one: Running;
  let port = 0;

  beforeAll(async () => {
    const [serverPort = 0, ...own] = await freePorts(2);
    [port = 0] = own;
    server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.on("data", () => void held.push(socket));
    });
    await new Promise<void>((resolve) => void server.listen(serverPort, "127.0.0.1", resolve));
    const limits = ["client", "server", "connect", "http-request", "http-keep-alive"];
    const lines = limits.map((name) => ` timeout ${name} ${TIMEOUT_MS}ms\n`).join("");
    const sections = `defaults\n mode http\n${lines}listen l\n bind 127.0.0.1:${port}\n server s 127.0.0.1:${serverPort}\n`;
    one = await startBalancer("ha-lb", `global\n log stdout format raw local0\n${sections}`);
  });
  afterAll(async () => {
    await one?.stop();
    server?.close();
    for (const socket of held) socket.destroy();
  });

  /** Stops it, lets things happen, and lets it go on when all patience would be over. */
  async function whileItStands(happen: () => void): Promise<void> {
    process.kill(one.pid, "SIGSTOP");
    const state = (): string => readFileSync(`/proc/${one.pid}/status`, "utf8");
    await until("it stands", () => /^State:\s+T/m.test(state()));
    happen();
    await Bun.sleep(TIMEOUT_MS + 500);
    process.kill(one.pid, "SIGCONT");
  }

  test("a request and an answer that came meanwhile are taken", async () => {
    let text = "";
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.on("data", (data) => {
      text += data.toString("latin1");
    });
    socket.write(REQUEST);
    await until("the server has it", () => held.length === 1);
    await whileItStands(() => held[0]?.write(ANSWER));
    await until("the first answer", () => text.endsWith("ok") || socket.destroyed);
    expect(text).toStartWith("HTTP/1.1 200");
    text = "";
    await whileItStands(() => socket.write(REQUEST));
    await until("the server has the second", () => held.length === 2 || socket.destroyed);
    held[1]?.write(ANSWER);
    await until("the second answer", () => text.endsWith("ok") || socket.destroyed);
    expect(text).toStartWith("HTTP/1.1 200");
    socket.destroy();
  });
});
