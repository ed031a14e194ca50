/** Long streams of `mode tcp` over real sockets: they are moved inside the kernel, and end as they would without. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../shared/lab/host.ts";
import { freePorts } from "../../shared/lab/free-port.ts";

/** Far more than it takes, also on a machine that does many other things. */
setDefaultTimeout(120_000);

const ROOT = join(import.meta.dir, "..", "..");
const LONG = 8 * 1024 * 1024;
const content = Buffer.alloc(LONG, Buffer.from(Array.from({ length: 251 }, (_, index) => index)));
const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

interface Ended {
  readonly bytes: Buffer;
  readonly error: string | undefined;
}

/** Everything that comes until the connection is closed. */
function wholeOf(socket: Socket): Promise<Ended> {
  const parts: Buffer[] = [];
  let error: string | undefined;
  socket.on("data", (data: Buffer) => parts.push(data));
  socket.on("error", (failure: Error & { readonly code?: string }) => {
    error = failure.code ?? failure.message;
  });
  return new Promise((resolve) => socket.on("close", () => resolve({ bytes: Buffer.concat(parts), error })));
}

/** Answers the first byte of a connection: `d`ownload, `u`pload, `s`ilence or `r`eset after a long stream. */
function serve(socket: Socket, ended: (how: Ended) => void): void {
  void wholeOf(socket).then(ended);
  socket.once("data", (first: Buffer) => {
    switch (String.fromCharCode(first[0] ?? 0)) {
      case "d":
        socket.end(content);
        return;
      case "s":
        socket.write(content.subarray(0, LONG / 4));
        return;
      case "r":
        socket.write(content.subarray(0, LONG / 2), () => socket.resetAndDestroy());
        return;
      case "u": {
        const hash = createHash("sha256").update(first.subarray(1));
        socket.on("data", (data: Buffer) => hash.update(data));
        socket.on("end", () => socket.end(hash.digest("hex")));
      }
    }
  });
}

describe("long streams", () => {
  const folder = mkdtempSync(join(tmpdir(), "lb-splice-"));
  const serverEnds: Ended[] = [];
  let server: Server;
  let port = 0;
  /** Where silence is over soon. */
  let impatient = 0;
  let log = "";
  let balancer: Bun.Subprocess<"ignore", "pipe", "inherit">;

  beforeAll(async () => {
    const [serverPort = 0, ...own] = await freePorts(3);
    [port = 0, impatient = 0] = own;
    server = createServer({ allowHalfOpen: true }, (socket) => serve(socket, (how) => serverEnds.push(how)));
    await new Promise<void>((resolve) => void server.listen(serverPort, "127.0.0.1", resolve));
    const file = join(folder, "haproxy.cfg");
    writeFileSync(
      file,
      `global\n log stdout format raw daemon\ndefaults\n mode tcp\n log global\n option tcplog\n timeout connect 60s\n timeout client 60s\n timeout server 60s\nlisten l\n bind 127.0.0.1:${port}\n server s 127.0.0.1:${serverPort}\nlisten i\n bind 127.0.0.1:${impatient}\n timeout client 2s\n timeout server 2s\n server s 127.0.0.1:${serverPort}\n`,
    );
    const command = [process.execPath, join(ROOT, "tools/ha-lb/main.ts"), "-db", "-f", file];
    balancer = Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
    void (async () => {
      for await (const chunk of balancer.stdout) log += new TextDecoder().decode(chunk);
    })();
    await until("it listens", async () => (await talk("u", true)).error === undefined);
  });
  afterAll(async () => {
    balancer.kill("SIGTERM");
    await balancer.exited;
    server.close();
    rmSync(folder, { recursive: true });
  });

  async function talk(first: string | Buffer, ends: boolean, to = port): Promise<Ended> {
    const socket = connect({ port: to, host: "127.0.0.1", allowHalfOpen: true });
    const whole = wholeOf(socket);
    socket.on("end", () => socket.end());
    if (ends) socket.end(first);
    else socket.write(first);
    return await whole;
  }

  /** The log line of the stream that moved this many bytes to the client. */
  async function lineWith(pattern: RegExp): Promise<void> {
    await until(`the log has ${pattern.source}`, () => Promise.resolve(pattern.test(log)));
  }

  const splicing = (): boolean =>
    readdirSync(`/proc/${balancer.pid}/task`).some(
      (task) => readFileSync(`/proc/${balancer.pid}/task/${task}/comm`, "utf8").trim() === "ha-lb-splice",
    );

  test("a short stream starts no thread", async () => {
    expect((await talk("u12345", true)).bytes.toString()).toBe(digest(Buffer.from("12345")));
    expect(splicing()).toBe(false);
  });

  test("every byte comes down, in order, and the log counts them", async () => {
    const { bytes, error } = await talk("d", false);
    expect(error).toBeUndefined();
    expect(digest(bytes)).toBe(digest(content));
    expect(splicing()).toBe(true);
    await lineWith(new RegExp(` ${LONG} -- `));
  });

  test("every byte goes up, then the end of it, and the answer comes back", async () => {
    const { bytes } = await talk(Buffer.concat([Buffer.from("u"), content]), true);
    expect(bytes.toString()).toBe(digest(content));
  });

  test("many at once", async () => {
    const all = await Promise.all(Array.from({ length: 12 }, () => talk("d", false)));
    expect(new Set(all.map(({ bytes }) => digest(bytes)))).toEqual(new Set([digest(content)]));
  });

  test("a server that resets: the client sees that the stream was cut", async () => {
    const { bytes, error } = await talk("r", false);
    expect(bytes.length).toBeLessThanOrEqual(LONG / 2);
    expect(error).toBe("ECONNRESET");
    await lineWith(/ SD /);
  });

  test("a client that goes away: so does the server's connection", async () => {
    const before = serverEnds.length;
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("error", () => undefined);
    let come = 0;
    socket.on("data", (data) => {
      come += data.length;
      if (come > LONG / 8) socket.resetAndDestroy();
    });
    socket.write("s");
    await until("the server's connection is gone", () => Promise.resolve(serverEnds.length > before));
    await lineWith(/ CD /);
  });

  test("silence ends it", async () => {
    const { bytes } = await talk("s", false, impatient);
    expect(bytes.length).toBe(LONG / 4);
    await lineWith(new RegExp(` ${LONG / 4} cD `));
  });
});
