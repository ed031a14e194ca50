/** One request to a server of HTTP/2: the bytes of HTTP/1 that a server's connection writes and reads become frames. */
import { ChunkReader } from "../../decide/http/chunked.ts";
import { CHUNKED, requestBodyLength } from "../../decide/http/framing.ts";
import { reasonPhrase } from "../../decide/http/error-page.ts";
import { Head } from "../../decide/http/head.ts";
import { type HeadLimits, READ, scanRequest } from "../../decide/http/scan.ts";
import { CONNECTION_FIELDS, endsChunks } from "../../decide/h2/message.ts";
import type { Field } from "../../decide/h2/static-table.ts";
import type { UpstreamSession } from "../../decide/h2/upstream-session.ts";
import type { StreamSink } from "../h2/stream-socket.ts";
import type { ServerConnection } from "../http/server-connection.ts";

/** Rules may have added to what a client sent, which was within the limits of the configuration. */
const LIMITS: HeadLimits = { mostBytes: 256 * 1024, mostFields: 1000 };
/** Fields of a request that don't go on: `host` is the authority, the others speak of the client's connection. */
const LEFT_OUT: ReadonlySet<string> = new Set([...CONNECTION_FIELDS, "http2-settings", "te", "host"]);
const NO_BODY: ReadonlySet<string> = new Set(["204", "304"]);
const NOTHING = Buffer.alloc(0);
const LAST_CHUNK = Buffer.from("0\r\n\r\n", "latin1");

/** Only used within one call. */
const head = new Head();

export class RequestStream implements StreamSink {
  private streamId = 0;
  private method = "";
  private left = 0;
  private chunks: ChunkReader | undefined;
  private sent = false;
  private answered = false;
  private isChunked = false;
  private paused = false;
  private held = 0;
  private over = false;

  constructor(
    private readonly session: UpstreamSession,
    private readonly connection: ServerConnection,
    private readonly scheme: "http" | "https",
    private readonly streams: Map<number, RequestStream>,
  ) {}

  write(bytes: Buffer): number {
    if (this.over) return bytes.length;
    if (this.streamId === 0) {
      // A head is written whole.
      if (scanRequest(head, bytes, LIMITS) !== READ) {
        this.leave();
        queueMicrotask(() => this.connection.onClose());
        return bytes.length;
      }
      const { byteLength } = head;
      this.begin();
      return byteLength + this.writeBody(bytes.subarray(byteLength));
    }
    return this.writeBody(bytes);
  }

  private begin(): void {
    this.method = head.method;
    this.left = requestBodyLength(head);
    if (this.left === CHUNKED) this.chunks = new ChunkReader();
    this.sent = this.left === 0;
    const path = head.target.replace(/^https?:\/\/[^/?]*/i, "");
    const fields: Field[] = [
      [":method", head.method],
      [":scheme", this.scheme],
      [":authority", head.first("host") ?? ""],
      [":path", path.startsWith("?") || path === "" ? `/${path}` : path],
    ];
    for (const [name, value] of head.entries()) {
      const lower = name.toLowerCase();
      if (!LEFT_OUT.has(lower)) fields.push([lower, value]);
    }
    this.streamId = this.session.open(fields, this.sent);
    this.streams.set(this.streamId, this);
  }

  private writeBody(bytes: Buffer): number {
    if (this.sent || bytes.length === 0) return bytes.length;
    const room = Math.min(bytes.length, this.session.room(this.streamId));
    const { chunks } = this;
    if (chunks !== undefined) {
      // The end of the chunks takes no room.
      const ends = !chunks.insideData && endsChunks(bytes);
      return room > 0 || ends ? this.writeChunks(chunks, ends ? bytes : bytes.subarray(0, room)) : 0;
    }
    if (room <= 0) return 0;
    const count = Math.min(room, this.left);
    this.left -= count;
    this.sent = this.left === 0;
    this.session.send(this.streamId, bytes.subarray(0, count), this.sent);
    return count;
  }

  private writeChunks(chunks: ChunkReader, bytes: Buffer): number {
    const parts: Buffer[] = [];
    const taken = chunks.feed(bytes, 0, (start, end) => parts.push(bytes.subarray(start, end)));
    // The client's coding was read before: it can't be broken here.
    if (taken < 0) throw new Error("a broken chunk went to a server");
    this.sent = chunks.done;
    const content = Buffer.concat(parts);
    if (content.length > 0 || this.sent) this.session.send(this.streamId, content, this.sent);
    return taken;
  }

  onHead(fields: readonly Field[], ended: boolean): void {
    if (this.answered) {
      // Trailers end the body; what they say isn't passed on.
      if (ended) this.onBody(NOTHING, true);
      else this.fail();
      return;
    }
    const text = this.headText(fields, ended);
    if (text === undefined) {
      this.fail();
      return;
    }
    this.connection.onData(Buffer.from(text, "latin1"));
    if (ended) this.leave();
  }

  /** The head as HTTP/1 has it; undefined when it is none. */
  private headText(fields: readonly Field[], ended: boolean): string | undefined {
    const status = fields[0]?.[0] === ":status" ? fields[0][1] : "";
    if (!/^[1-5]\d\d$/.test(status) || status === "101") return undefined;
    let text = `HTTP/1.1 ${status} ${reasonPhrase(Number(status))}\r\n`;
    let length: number | undefined;
    for (const [name, value] of fields.slice(1)) {
      if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name) || /[\r\n\0]/.test(value)) return undefined;
      if (CONNECTION_FIELDS.has(name)) continue;
      if (name === "content-length") {
        if (length !== undefined || !/^\d{1,15}$/.test(value)) return undefined;
        length = Number(value);
      }
      text += `${name}: ${value}\r\n`;
    }
    if (status.startsWith("1")) return ended ? undefined : `${text}\r\n`;
    this.answered = true;
    const hasBody = this.method !== "HEAD" && !NO_BODY.has(status);
    if (hasBody && !ended) this.session.expect(this.streamId, length);
    if (hasBody && ended && (length ?? 0) > 0) return undefined;
    if (hasBody && length === undefined) {
      this.isChunked = !ended;
      text += ended ? "content-length: 0\r\n" : "transfer-encoding: chunked\r\n";
    }
    // The stream is for one request.
    return `${text}connection: close\r\n\r\n`;
  }

  onBody(bytes: Buffer, ended: boolean): void {
    if (!this.answered) {
      this.fail();
      return;
    }
    const { connection } = this;
    this.held += bytes.length;
    if (!this.isChunked) {
      if (bytes.length > 0) connection.onData(Buffer.from(bytes));
    } else if (bytes.length > 0 || ended) {
      const parts =
        bytes.length === 0 ? [] : [Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, LAST_CHUNK.subarray(1, 3)];
      if (ended) parts.push(LAST_CHUNK);
      connection.onData(Buffer.concat(parts));
    }
    if (!this.paused) this.acknowledge();
    if (ended) this.leave();
  }

  private acknowledge(): void {
    if (this.held === 0) return;
    const count = this.held;
    this.held = 0;
    this.session.consumed(this.streamId, count);
  }

  /** The server gave the stream up, or the connection is gone. */
  onReset(untouched: boolean): void {
    if (this.over) return;
    this.over = true;
    this.streams.delete(this.streamId);
    const { connection } = this;
    if (connection.socket === undefined) return;
    // What a server hasn't looked at is sent again, as after a connection that could not be made.
    if (untouched && !this.answered) connection.onFailed();
    else connection.onClose();
  }

  private fail(): void {
    const { connection } = this;
    this.leave();
    if (connection.socket !== undefined) connection.onClose();
  }

  /** There is room again. */
  flush(): void {
    if (!this.over && this.connection.pendingBytes > 0) this.connection.flush();
  }

  private leave(): void {
    if (this.over) return;
    this.over = true;
    if (this.streamId === 0) return;
    this.streams.delete(this.streamId);
    this.session.close(this.streamId, this.sent && this.answered);
  }

  end(): void {
    this.leave();
  }
  abort(): void {
    this.leave();
  }
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
    if (!this.over) this.acknowledge();
  }
}
