/** WebSockets of clients that speak HTTP/1.1 and HTTP/2 (RFC 8441): HAProxy and ha-lb before the same server. */
import { createHash } from "node:crypto";
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { freePort, freePorts } from "../../shared/lab/free-port.ts";
import { FLAG, FRAME, frame, FrameReader, PREFACE, settingsFrame } from "../../tools/ha-lb/decide/h2/frame.ts";
import { HpackDecoder } from "../../tools/ha-lb/decide/h2/hpack.ts";
import { encodeHeaders } from "../../tools/ha-lb/decide/h2/hpack-encode.ts";
import type { Field } from "../../tools/ha-lb/decide/h2/static-table.ts";
import { HAS_HAPROXY, type Pair, startPair } from "./pair.ts";

/** Who says nothing for so long has failed. */
const PATIENCE_MS = 30_000;
const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const acceptOf = (key: string): string => createHash("sha1").update(`${key}${GUID}`).digest("base64");

/** Answers in the way that the path names. @returns whether WebSockets begin */
function answer(socket: Socket, head: string): boolean {
  const path = head.split(" ", 2)[1] ?? "";
  const accept = acceptOf(/\r\nsec-websocket-key: *(\S+)/i.exec(head)?.[1] ?? "none");
  const agree = (accepts: string, more = ""): true => {
    const fields = `Connection: Upgrade\r\nUpgrade: websocket\r\n${accepts}X-Asked: ${head.split("\r\n")[0]}\r\n`;
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${fields}\r\n${more}`);
    return true;
  };
  switch (path) {
    case "/wrong":
      return agree("Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n");
    case "/none":
      return agree("");
    case "/refused":
      socket.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
      return false;
    case "/plain":
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno");
      return false;
    case "/early":
      return agree(`Sec-WebSocket-Accept: ${accept}\r\n`, "first ");
    default:
      return agree(`Sec-WebSocket-Accept: ${accept}\r\n`);
  }
}

/** Speaks HTTP/1.1, and gives back what comes once WebSockets began. */
function startServer(port: number): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let head = "";
    let agreed = false;
    socket.on("error", () => undefined);
    socket.on("end", () => socket.end(agreed ? " end" : ""));
    socket.on("data", (data) => {
      if (agreed) {
        socket.write(`<${data.toString("latin1")}>`);
        return;
      }
      head += data.toString("latin1");
      if (!head.includes("\r\n\r\n")) return;
      agreed = answer(socket, head);
      head = "";
    });
  });
  return new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve(server)));
}

/** What happened on a stream: the status, the bytes, and how it ended. */
interface Seen {
  status: string;
  text: string;
  ended: string;
  offered: boolean;
}

/** A client of HTTP/2 without TLS, with one stream. */
class Client {
  readonly seen: Seen = { status: "", text: "", ended: "", offered: false };
  private readonly socket: Socket;
  private readonly reader = new FrameReader();
  private readonly decoder = new HpackDecoder({ mostBytes: 16_384, mostFields: 100 });
  private wakeUp: () => void = () => undefined;

  constructor(port: number, fields: readonly Field[]) {
    this.socket = connect(port, "127.0.0.1");
    this.socket.write(PREFACE);
    this.socket.write(settingsFrame([]));
    this.socket.write(frame(FRAME.HEADERS, FLAG.END_HEADERS, 1, encodeHeaders(fields)));
    this.socket.on("error", () => undefined);
    this.socket.on("close", () => {
      this.seen.ended ||= "closed";
      this.wakeUp();
    });
    this.socket.on("data", (data) => {
      this.reader.feed(data, ({ flags, payload, streamId, type }) => {
        if (type === FRAME.SETTINGS && (flags & FLAG.ACK) === 0) {
          for (let at = 0; at < payload.length; at += 6) {
            if (payload.readUInt16BE(at) === 8) this.seen.offered = payload.readUInt32BE(at + 2) === 1;
          }
        } else if (streamId === 1) this.take(type, flags, payload);
        return true;
      });
      this.wakeUp();
    });
  }

  private take(type: number, flags: number, payload: Buffer): void {
    const { seen } = this;
    if (type === FRAME.HEADERS) {
      const decoded = this.decoder.decode(payload);
      if (decoded.kind === "fields") seen.status = decoded.fields.find(([name]) => name === ":status")?.[1] ?? "";
    }
    if (type === FRAME.DATA) seen.text += payload.toString("latin1");
    if (type === FRAME.RST_STREAM) seen.ended ||= "reset";
    if ((type === FRAME.DATA || type === FRAME.HEADERS) && (flags & FLAG.END_STREAM) !== 0) seen.ended ||= "end";
  }

  send(text: string, ends = false): void {
    this.socket.write(frame(FRAME.DATA, ends ? FLAG.END_STREAM : 0, 1, Buffer.from(text)));
  }

  /** Until it is so, or the stream has ended. */
  async until(condition: (seen: Seen) => boolean): Promise<void> {
    const limit = performance.now() + PATIENCE_MS;
    while (!condition(this.seen) && this.seen.ended === "") {
      if (performance.now() > limit) throw new Error(`nothing came after ${JSON.stringify(this.seen)}`);
      await Promise.race([Bun.sleep(1000), new Promise<void>((resolve) => (this.wakeUp = resolve))]);
    }
  }

  close(): void {
    this.socket.destroy();
  }
}

const asking = (path: string, protocol = "websocket"): readonly Field[] => [
  [":method", "CONNECT"],
  [":scheme", "http"],
  [":path", path],
  [":authority", "site"],
  [":protocol", protocol],
  ["sec-websocket-version", "13"],
];

/** Asks, speaks when it may, ends, and tells what came. */
async function visit(port: number, path: string, eager = false): Promise<Seen> {
  const client = new Client(port, asking(path));
  try {
    if (eager) client.send("eager");
    await client.until((seen) => seen.status !== "");
    if (eager) await client.until(({ text }) => text.includes("<eager>"));
    else {
      client.send("one");
      await client.until(({ text }) => text.includes("<one>"));
    }
    client.send("two");
    await client.until(({ text }) => text.includes("<two>"));
    client.send("", true);
    await client.until(() => false);
    return client.seen;
  } finally {
    client.close();
  }
}

/** A handshake of HTTP/1.1: the status of the answer. */
async function ask(port: number, path: string, ...fields: readonly string[]): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let text = "";
  const lines = [`GET ${path} HTTP/1.1`, "Host: site", "Sec-WebSocket-Version: 13", ...fields, "", ""];
  const socket = connect(port, "127.0.0.1", () => void socket.write(lines.join("\r\n")));
  socket.setTimeout(PATIENCE_MS, () => socket.destroy());
  socket.on("data", (data) => {
    text += data.toString("latin1");
    if (text.includes("\r\n\r\n")) socket.destroy();
  });
  socket.on("error", () => undefined);
  socket.on("close", () => resolve(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? "nothing"));
  return await promise;
}

const UPGRADE = ["Connection: Upgrade", "Upgrade: websocket"];
const HANDSHAKES: readonly (readonly [string, string, readonly string[]])[] = [
  ["a whole one", "/", [...UPGRADE, `Sec-WebSocket-Key: ${KEY}`]],
  ["without a key", "/", UPGRADE],
  ["with a short key", "/", [...UPGRADE, "Sec-WebSocket-Key: c2hvcnQ="]],
  ["names in other cases", "/", ["connection: keep-alive, UPGRADE", "UPGRADE: WebSocket"]],
  ["an upgrade that isn't wished for", "/refused", ["Upgrade: websocket"]],
  ["another protocol without a key", "/refused", ["Connection: Upgrade", "Upgrade: other"]],
  ["several protocols", "/refused", ["Connection: Upgrade", "Upgrade: other, websocket"]],
  ["an answer without its key", "/none", [...UPGRADE, `Sec-WebSocket-Key: ${KEY}`]],
  ["an answer with another key", "/wrong", [...UPGRADE, `Sec-WebSocket-Key: ${KEY}`]],
  ["a refusal", "/refused", [...UPGRADE, `Sec-WebSocket-Key: ${KEY}`]],
];

describe.skipIf(!HAS_HAPROXY)("WebSockets (needs haproxy)", () => {
  let server: Server;
  let pair: Pair;
  let http2Server = 0;

  beforeAll(async () => {
    const port = await freePort();
    server = await startServer(port);
    const times = " timeout connect 20s\n timeout client 20s\n timeout server 20s\n timeout tunnel 20s\n";
    const others = await freePorts(2);
    pair = await startPair((own) => {
      http2Server = others.shift() ?? 0;
      return `global
defaults
 mode http
${times}listen l
 bind 127.0.0.1:${own}
 http-request deny deny_status 403 if { path /denied }
 http-response set-header X-Seen yes
 server s 127.0.0.1:${port}
listen two
 bind 127.0.0.1:${http2Server}
 server s 127.0.0.1:${port} proto h2
`;
    });
  }, 120_000);
  afterAll(async () => {
    await pair.stop();
    server.close();
  });

  for (const [name, path, fields] of HANDSHAKES) {
    test(`HTTP/1.1: ${name}`, async () => {
      expect(await ask(pair.ours.port, path, ...fields)).toBe(await ask(pair.peer.port, path, ...fields));
    }, 90_000);
  }

  test("servers that speak nothing but HTTP/2 get none", async () => {
    // Ours was started last.
    expect(await ask(http2Server, "/", ...UPGRADE, `Sec-WebSocket-Key: ${KEY}`)).toBe("501");
  }, 90_000);

  for (const path of ["/", "/refused", "/denied", "/wrong", "/none"]) {
    test(`HTTP/2: ${path}`, async () => {
      const theirs = await visit(pair.peer.port, path);
      const ours = await visit(pair.ours.port, path);
      // How a stream ends that has had its whole answer is a matter of taste.
      const shown = ({ offered, status, text }: Seen) => ({ offered, status, text: status === "200" ? text : "" });
      expect(shown(ours)).toEqual(shown(theirs));
      expect(ours.ended).not.toBe("closed");
    }, 90_000);
  }

  test("HTTP/2: what the server says with its answer comes first (HAProxy gives 502)", async () => {
    const { status, text } = await visit(pair.ours.port, "/early");
    expect({ status, text }).toEqual({ status: "200", text: "first <one><two> end" });
  }, 90_000);

  test("HTTP/2: an answer that isn't about WebSockets doesn't pass for one that grants them", async () => {
    const { status } = await visit(pair.ours.port, "/plain");
    expect(status).toBe("502");
  }, 90_000);

  test("HTTP/2: who speaks before the answer is heard after it", async () => {
    const { status, text } = await visit(pair.ours.port, "/", true);
    expect({ status, text }).toEqual({ status: "200", text: "<eager><two> end" });
  }, 90_000);

  test("HTTP/2: what is said before a refusal is no request", async () => {
    const client = new Client(pair.ours.port, asking("/refused"));
    client.send("GET /other HTTP/1.1\r\nHost: x\r\n\r\n");
    await client.until(() => false);
    client.close();
    expect(client.seen).toEqual({ status: "403", text: "no", ended: "end", offered: true });
  }, 90_000);
});
