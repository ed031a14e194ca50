/**
 * Servers behind both balancers: they tell their names and what they were sent; paths ask for special answers.
 * `/held?x` and `/held?x&y` are answered when x has happened.
 */
import { createServer, type Server, type Socket } from "node:net";
import { Events } from "./events.ts";

/** More than all the buffers between a server and a client that doesn't read. */
const HUGE_BYTES = 24 * 1024 * 1024;

/** The bytes of one whole request at the start of `text`, or 0 while it isn't whole. */
function requestLength(text: string): number {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return 0;
  const head = text.slice(0, end);
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
    const last = text.indexOf("0\r\n\r\n", end + 4);
    return last < 0 ? 0 : last + 5;
  }
  return text.length < end + 4 + length ? 0 : end + 4 + length;
}

const RAW_ANSWERS: Readonly<Record<string, string>> = {
  "/junk": "this is not HTTP\r\n\r\n",
  "/cut": "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this",
  "/cut-chunks": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
  "/until-close": "HTTP/1.1 200 OK\r\n\r\nuntil the end",
  "/ten": "HTTP/1.0 200 OK\r\nX-Server: NAME\r\nContent-Length: 2\r\n\r\nok",
  "/large-head": `HTTP/1.1 200 OK\r\nX-Large: ${"x".repeat(40_000)}\r\nContent-Length: 0\r\n\r\n`,
  "/two-lengths": "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
  "/bad-name": "HTTP/1.1 200 OK\r\nBad Name: x\r\nContent-Length: 0\r\n\r\n",
  "/bad-chunk": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
};

const KEPT_ANSWERS: Readonly<Record<string, string>> = {
  "/half": "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this",
  "/half-head": "HTTP/1.1 200 OK\r\nContent-Le",
  "/chunked":
    "HTTP/1.1 200 OK\r\nX-Server: NAME\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n",
  "/no-content": "HTTP/1.1 204 No Content\r\nX-Server: NAME\r\n\r\n",
  "/not-modified": 'HTTP/1.1 304 Not Modified\r\nX-Server: NAME\r\nETag: "x"\r\n\r\n',
  "/early":
    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nX-Server: NAME\r\nContent-Length: 2\r\n\r\nok",
  "/secret": "HTTP/1.1 200 OK\r\nX-Server: NAME\r\nX-Secret: a, b\r\nX-Secret: c\r\nContent-Length: 2\r\n\r\nok",
  "/location": "HTTP/1.1 302 Found\r\nX-Server: NAME\r\nLocation: http://inner.example/a\r\nContent-Length: 0\r\n\r\n",
  "/empty": "HTTP/1.1 200 OK\r\nX-Server: NAME\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n",
  "/fault": "HTTP/1.1 500 Oh\r\nX-Server: NAME\r\nContent-Length: 2\r\n\r\nno",
  "/missing": "HTTP/1.1 404 Not Found\r\nX-Server: NAME\r\nContent-Length: 2\r\n\r\nno",
  "/setcookie":
    "HTTP/1.1 200 OK\r\nX-Server: NAME\r\nSet-Cookie: SRV=own; path=/\r\nSet-Cookie: a=b\r\nContent-Length: 2\r\n\r\nok",
  "/websocket":
    "HTTP/1.1 101 Switching Protocols\r\nX-Server: NAME\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nraw bytes",
};

/** Bodies worth a coding, by the fields that come with them. */
const TEXT = "the same words again and again, ".repeat(40);
const texts = (entries: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(entries).map(([path, fields]) => [
      path,
      `HTTP/1.1 200 OK\r\nX-Server: NAME\r\n${fields}Content-Length: ${TEXT.length}\r\n\r\n${TEXT}`,
    ]),
  );
const TEXT_ANSWERS = texts({
  "/text": "Content-Type: text/plain\r\n",
  "/charset": "Content-Type: Text/HTML; charset=utf-8\r\n",
  "/image": "Content-Type: image/png\r\n",
  "/multipart": "Content-Type: multipart/mixed; boundary=x\r\n",
  "/encoded": "Content-Type: text/plain\r\nContent-Encoding: br\r\n",
  "/no-transform": "Content-Type: text/plain\r\nCache-Control: public, no-transform\r\n",
  "/strong-tag": 'Content-Type: text/plain\r\nETag: "abc"\r\n',
  "/weak-tag": 'Content-Type: text/plain\r\nETag: W/"abc"\r\n',
  "/bad-tag": "Content-Type: text/plain\r\nETag: abc\r\n",
  "/two-tags": 'Content-Type: text/plain\r\nETag: "a"\r\nETag: "b"\r\n',
});

function answer(socket: Socket, name: string, request: string, events: Events): void {
  const [method = "", target = ""] = request.split(" ", 2);
  const [path = "", query = ""] = target.split("?", 2);
  const raw = RAW_ANSWERS[path];
  if (raw !== undefined) {
    socket.end(raw.replaceAll("NAME", name));
    return;
  }
  const kept = KEPT_ANSWERS[path] ?? TEXT_ANSWERS[path];
  if (kept !== undefined) {
    const text = kept.replaceAll("NAME", name);
    socket.write(method === "HEAD" ? text.slice(0, text.indexOf("\r\n\r\n") + 4) : text);
    return;
  }
  if (path === "/nothing") {
    socket.destroy();
    return;
  }
  if (path === "/silent") return;
  if (path === "/huge") {
    socket.write(`HTTP/1.1 200 OK\r\nX-Server: ${name}\r\nContent-Length: ${HUGE_BYTES}\r\n\r\n`);
    socket.write(Buffer.alloc(HUGE_BYTES, 120));
    return;
  }
  const body = request.replaceAll("\r\n", "\n");
  const send = (): void => {
    socket.write(
      `HTTP/1.1 200 OK\r\nX-Server: ${name}\r\nContent-Length: ${body.length}\r\n\r\n${method === "HEAD" ? "" : body}`,
      "latin1",
    );
  };
  if (path === "/held") void events.when(query.split("&", 1)[0] ?? "").then(send);
  else send();
}

/** Bytes that aren't a request are given back with the server's name before them. */
export function startServer(name: string, port: number, events = new Events()): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let text = "";
    let isTunnel = false;
    /** What the connection is known by in events. */
    let asked: string | undefined;
    socket.on("error", () => undefined);
    socket.on("end", () => socket.end());
    socket.on("close", () => events.tell(`gone ${asked ?? ""}`));
    socket.on("data", (data) => {
      text += data.toString("latin1");
      asked ??= /^[A-Z]+ (\S+)/.exec(text)?.[1] ?? text;
      events.tell(`began ${asked}`);
      // The binary PROXY header has an empty line in front, and comes with or before the bytes.
      if (text.startsWith("\r\n") && !text.includes("GET ")) return;
      if (isTunnel || !/^(PROXY |[A-Z]{1,10} )/.test(text)) {
        isTunnel = true;
        events.tell(`asked ${text}`);
        socket.write(`${name}:${text}`, "latin1");
        text = "";
        return;
      }
      for (let length = requestLength(text); length > 0; length = requestLength(text)) {
        const request = text.slice(0, length);
        text = text.slice(length);
        events.tell(`asked ${request.split(" ", 2)[1] ?? ""}`);
        answer(socket, name, request, events);
        if (request.startsWith("GET /websocket ")) isTunnel = true;
      }
    });
  });
  return new Promise((resolve) => {
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}
