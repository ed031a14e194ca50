/** HTTP/2 clients in front of a running balancer: curl, nghttp2's tools, and clients that mean harm. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../shared/lab/host.ts";
import { named, requirePackages } from "../../shared/lab/requirements.ts";
import {
  FLAG,
  FRAME,
  frame,
  FrameReader,
  PREFACE,
  settingsFrame,
  wordFrame,
} from "../../tools/ha-lb/decide/h2/frame.ts";
import { encodeHeaders } from "../../tools/ha-lb/decide/h2/hpack-encode.ts";
import { freePort } from "../../shared/lab/free-port.ts";

/** Far more than it takes, also on a machine that does many other things. */
setDefaultTimeout(120_000);

const ROOT = join(import.meta.dir, "..", "..");
const lacking = requirePackages("curl", "openssl", "nghttp2-client");
const LARGE = 1 << 20;
/** More than the patience with clients of the frontend that has little. */
const SLOW_MS = 4000;
/** Their answers are the test's to give. */
const held: Socket[] = [];

/** A server of HTTP/1.1 that tells what it was asked, with bodies of known, unknown and no length. */
function startServer(port: number): Promise<Server> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    let text = "";
    socket.on("data", (data: Buffer) => {
      text += data.toString("latin1");
      const end = text.indexOf("\r\n\r\n");
      if (end < 0) return;
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0);
      const chunked = /\r\ntransfer-encoding: chunked/i.test(text.slice(0, end));
      if (chunked ? !text.endsWith("0\r\n\r\n") : text.length < end + 4 + length) return;
      const asked = text;
      text = "";
      if (asked.startsWith("GET /large ")) {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${LARGE}\r\n\r\n${"x".repeat(LARGE)}`);
      } else if (asked.startsWith("GET /chunked ")) {
        socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
        socket.write("4;x=y\r\ndefg\r\n0\r\n\r\n");
      } else if (asked.startsWith("GET /end ")) socket.end("HTTP/1.1 200 OK\r\n\r\nuntil the end");
      else if (asked.startsWith("GET /cut ")) socket.end("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort");
      else if (asked.startsWith("GET /slow ")) {
        setTimeout(() => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), SLOW_MS);
      } else if (asked.startsWith("GET /held ")) held.push(socket);
      else if (!asked.startsWith("GET /silent ")) {
        socket.write(`HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: ${asked.length}\r\n\r\n${asked}`);
      }
    });
  });
  return new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve(server)));
}

describe.skipIf(lacking !== undefined)(named("HTTP/2 in front", lacking), () => {
  const folder = mkdtempSync(join(tmpdir(), "lb-http2-"));
  let server: Server;
  let clear = 0;
  let encrypted = 0;
  let only = 0;
  let impatient = 0;
  let log = "";
  let balancer: Bun.Subprocess<"ignore", "pipe", "inherit">;

  async function run(...words: readonly string[]): Promise<string> {
    const child = Bun.spawn([...words], { stdout: "pipe", stderr: "pipe" });
    return (await new Response(child.stdout).text()) + (await new Response(child.stderr).text());
  }
  const curl = (...words: readonly string[]): Promise<string> => run("curl", "-s", "-k", "-m", "60", ...words);

  beforeAll(async () => {
    const name = ["-subj", "/CN=localhost"];
    await Bun.$`openssl req -x509 -newkey rsa:2048 -nodes -keyout ${folder}/k.pem -out ${folder}/c.pem -days 2 ${name}`.quiet();
    await Bun.$`cat ${folder}/c.pem ${folder}/k.pem > ${folder}/site.pem`;
    const serverPort = await freePort();
    server = await startServer(serverPort);
    [clear, encrypted, only] = [await freePort(), await freePort(), await freePort()];
    impatient = await freePort();
    const file = join(folder, "haproxy.cfg");
    const text = `global
 log stdout format raw daemon
defaults
 mode http
 log global
 option httplog
 timeout connect 60s
 timeout client 60s
 timeout server 60s
frontend impatient
 bind 127.0.0.1:${impatient}
 timeout client 2500ms
 default_backend b
frontend f
 bind 127.0.0.1:${clear}
 bind 127.0.0.1:${encrypted} ssl crt ${folder}/site.pem alpn h2,http/1.1
 bind 127.0.0.1:${only} proto h2
 option forwardfor
 http-request deny deny_status 403 if { path /denied }
 http-response set-header X-Seen yes
 http-request set-header X-Version %[req.ver]/%[fc_http_major]
 default_backend b
backend b
 server s 127.0.0.1:${serverPort}
`;
    writeFileSync(file, text);
    const command = [process.execPath, join(ROOT, "tools/ha-lb/main.ts"), "-db", "-f", file];
    balancer = Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
    void (async () => {
      for await (const chunk of balancer.stdout) log += new TextDecoder().decode(chunk);
    })();
    await until("it answers", async () => (await curl(`http://127.0.0.1:${clear}/`)) !== "");
  });
  afterAll(async () => {
    balancer?.kill("SIGTERM");
    await balancer?.exited;
    server?.close();
    rmSync(folder, { recursive: true });
  });

  test.each([
    ["agreed on by ALPN", () => [`https://127.0.0.1:${encrypted}/`], "2"],
    ["ALPN without h2", () => ["--http1.1", `https://127.0.0.1:${encrypted}/`], "1.1"],
    ["without TLS, by the first bytes", () => ["--http2-prior-knowledge", `http://127.0.0.1:${clear}/`], "2"],
    ["HTTP/1.1 on the same port", () => [`http://127.0.0.1:${clear}/`], "1.1"],
    ["proto h2", () => ["--http2-prior-knowledge", `http://127.0.0.1:${only}/`], "2"],
  ] satisfies readonly (readonly [string, () => readonly string[], string])[])("%s", async (_name, words, version) => {
    const answer = await curl("-o", "/dev/null", "-w", "%{http_version} %{http_code} %header{x-seen}", ...words());
    expect(answer).toBe(`${version} 200 yes`);
  });

  test("proto h2 speaks nothing else", async () => {
    expect(await curl("-w", "%{http_code}", `http://127.0.0.1:${only}/`)).toBe("000");
  });

  test("the server gets a plain request of HTTP/1.1", async () => {
    const asked = await curl(
      "-H",
      "Cookie: a=1",
      "-H",
      "X-Y: z",
      "--data",
      "hello",
      `https://127.0.0.1:${encrypted}/p?q`,
    );
    expect(asked.split("\r\n").toSorted()).toEqual(
      [
        "POST /p?q HTTP/1.1",
        `host: 127.0.0.1:${encrypted}`,
        "accept: */*",
        "content-length: 5",
        "content-type: application/x-www-form-urlencoded",
        "cookie: a=1",
        asked.match(/user-agent: [^\r]*/)?.[0] ?? "",
        "X-Forwarded-For: 127.0.0.1",
        "X-Version: 2.0/2",
        "x-y: z",
        "",
        "hello",
      ].toSorted(),
    );
  });

  test.each([
    ["of known length", "/large", "200 1048576"],
    ["in chunks", "/chunked", "200 7"],
    ["until the connection ends", "/end", "200 13"],
    ["made by a rule", "/denied", "403 93"],
  ])("a body %s", async (_name, path, expected) => {
    const answer = await curl(
      "-o",
      "/dev/null",
      "-w",
      "%{http_code} %{size_download}",
      `https://127.0.0.1:${encrypted}${path}`,
    );
    expect(answer.split(" ")[0]).toBe(expected.split(" ")[0] ?? "");
    if (path !== "/denied") expect(answer).toBe(expected);
  });

  test("an answer that is cut short is an error for the client", async () => {
    expect(await curl("-w", "%{errormsg}", `https://127.0.0.1:${encrypted}/cut`)).toContain("not closed cleanly");
  });

  test("a body of unknown length goes up", async () => {
    const file = join(folder, "upload");
    writeFileSync(file, "x".repeat(300_000));
    const asked = await run("sh", "-c", `cat ${file} | curl -s -k -m 60 -T - https://127.0.0.1:${encrypted}/up/`);
    expect(asked).toContain("\r\ntransfer-encoding: chunked\r\n");
    // The name of the header has an x, too.
    expect(asked.slice(asked.indexOf("\r\n\r\n")).replaceAll(/[^x]/g, "")).toHaveLength(300_000);
  });

  test("a server that is slow is not the client's fault", async () => {
    const url = `http://127.0.0.1:${impatient}/slow`;
    expect(await curl("--http2-prior-knowledge", "-w", " %{http_code}", url)).toBe("ok 200");
  });

  test("a client that only pings is let go", async () => {
    const socket = connect(impatient, "127.0.0.1", () => socket.write(Buffer.concat([PREFACE, settingsFrame([])])));
    const ping = setInterval(() => socket.write(frame(FRAME.PING, 0, 0, Buffer.alloc(8))), 200);
    socket.on("data", () => undefined);
    socket.on("error", () => undefined);
    await new Promise<void>((resolve) => socket.on("close", () => resolve()));
    clearInterval(ping);
  });

  test("the log has the request as it was asked", async () => {
    await curl(`https://127.0.0.1:${encrypted}/logged`);
    const line = `"GET https://127.0.0.1:${encrypted}/logged HTTP/2.0"`;
    await until("the line is there", () => Promise.resolve(log.includes(line)));
  });

  test("thousands of requests on a few connections, large bodies beside each other", async () => {
    const many = await run("h2load", "-n", "3000", "-c", "4", "-m", "30", `http://127.0.0.1:${clear}/`);
    expect(many).toContain("3000 succeeded, 0 failed");
    const large = await run("h2load", "-n", "60", "-c", "3", "-m", "10", `https://127.0.0.1:${encrypted}/large`);
    expect(large).toContain("60 succeeded, 0 failed");
  });

  /** Sends bytes as one client; the error of the GOAWAY that comes back. */
  async function attack(bytes: Buffer): Promise<number | undefined> {
    return await new Promise((resolve) => {
      const reader = new FrameReader();
      let code: number | undefined;
      const socket = connect(clear, "127.0.0.1", () =>
        socket.write(Buffer.concat([PREFACE, settingsFrame([]), bytes])),
      );
      socket.on("data", (data: Buffer) => {
        reader.feed(data, ({ type, payload }) => {
          if (type === FRAME.GOAWAY) code = payload.readUInt32BE(4);
          return true;
        });
      });
      socket.on("error", () => undefined);
      socket.setTimeout(60_000, () => socket.destroy());
      socket.on("close", () => resolve(code));
    });
  }
  const request = (streamId: number, path: string, flags: number = FLAG.END_STREAM | FLAG.END_HEADERS): Buffer =>
    frame(
      FRAME.HEADERS,
      flags,
      streamId,
      encodeHeaders([
        [":method", "GET"],
        [":scheme", "http"],
        [":path", path],
        [":authority", "a"],
      ]),
    );

  test.each([
    [
      "rapid reset",
      () =>
        Buffer.concat(
          Array.from({ length: 3000 }, (_, index) =>
            Buffer.concat([request(index * 2 + 1, "/silent"), wordFrame(FRAME.RST_STREAM, index * 2 + 1, 8)]),
          ),
        ),
    ],
    ["pings", () => Buffer.concat(Array.from({ length: 3000 }, () => frame(FRAME.PING, 0, 0, Buffer.alloc(8))))],
    [
      "continuations",
      () =>
        Buffer.concat([
          request(1, "/", 0),
          ...Array.from({ length: 3000 }, () => frame(FRAME.CONTINUATION, 0, 1, Buffer.alloc(0))),
        ]),
    ],
  ] satisfies readonly (readonly [string, () => Buffer])[])(
    "a flood of %s is cut off, and others are served",
    async (_name, bytes) => {
      expect(await attack(bytes())).toBe(11);
      expect(await curl("-o", "/dev/null", "-w", "%{http_code}", `http://127.0.0.1:${clear}/`)).toBe("200");
    },
  );

  test("frames at random: every connection ends or is answered, and others are served", async () => {
    // A generator with a fixed start (Lehmer's): a failure can be run again.
    let seed = 20_260_101;
    const random = (below: number): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    const piece = (): Buffer => {
      const stream = random(6) * 2 + 1;
      switch (random(5)) {
        case 0:
          return request(stream, ["/", "/large", "/chunked", "/cut", "/denied"][random(5)] ?? "/");
        case 1:
          return request(stream, "/", FLAG.END_HEADERS);
        case 2:
          return frame(FRAME.DATA, random(2), stream, Buffer.alloc(random(3000)));
        case 3:
          return wordFrame(random(2) === 0 ? FRAME.RST_STREAM : FRAME.WINDOW_UPDATE, stream, random(100_000) + 1);
        default:
          return frame(random(11), random(256), random(8), Buffer.alloc(random(40)));
      }
    };
    const connections = Array.from({ length: 60 }, () => {
      const bytes = Buffer.concat([PREFACE, settingsFrame([]), ...Array.from({ length: random(25) }, piece)]);
      return new Promise<void>((resolve) => {
        const socket = connect(clear, "127.0.0.1", () => socket.write(bytes));
        socket.on("data", () => undefined);
        socket.on("error", () => undefined);
        socket.setTimeout(300, () => socket.destroy());
        socket.on("close", () => resolve());
      });
    });
    await Promise.all(connections);
    expect(await curl("-o", "/dev/null", "-w", "%{http_code}", `http://127.0.0.1:${clear}/`)).toBe("200");
  });

  test("connections of attackers leave nothing behind", async () => {
    await until("no session is counted", async () => {
      await curl(`http://127.0.0.1:${clear}/last`);
      return log.endsWith(' 1/1/0/0/0 0/0 "GET /last HTTP/1.1"\n');
    });
  });

  test("a reload asks clients to go, and what runs is finished", async () => {
    const socket = connect(clear, "127.0.0.1");
    const reader = new FrameReader();
    const seen: string[] = [];
    socket.on("data", (data: Buffer) => {
      reader.feed(data, ({ type, flags, streamId }) => {
        seen.push(`${type}:${streamId}:${type === FRAME.DATA && (flags & FLAG.END_STREAM) !== 0 ? "end" : ""}`);
        return true;
      });
    });
    const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
    socket.write(Buffer.concat([PREFACE, settingsFrame([]), request(1, "/held")]));
    await until("the settings came", () => seen.includes(`${FRAME.SETTINGS}:0:`));
    await until("the server has the request", () => held.length === 1);
    balancer.kill("SIGHUP");
    await until("it is asked to go", () => seen.includes(`${FRAME.GOAWAY}:0:`));
    held[0]?.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    await closed;
    expect(
      seen.filter((line) => !line.startsWith(`${FRAME.SETTINGS}:`) && !line.startsWith(`${FRAME.WINDOW_UPDATE}:`)),
    ).toEqual([`${FRAME.GOAWAY}:0:`, `${FRAME.HEADERS}:1:`, `${FRAME.DATA}:1:end`]);
    expect(await curl("-o", "/dev/null", "-w", "%{http_code}", `http://127.0.0.1:${clear}/`)).toBe("200");
  });
});
