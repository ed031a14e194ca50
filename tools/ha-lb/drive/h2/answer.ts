/** The answer to one stream: bytes of HTTP/1 in, as they would go to a client, and frames out, as far as windows allow. */
import { ChunkReader } from "../../decide/http/chunked.ts";
import { CHUNKED, responseBodyLength, UNTIL_CLOSE } from "../../decide/http/framing.ts";
import { Head } from "../../decide/http/head.ts";
import { type HeadLimits, MORE, READ, scanResponse } from "../../decide/http/scan.ts";
import { CONNECTION_FIELDS, endsChunks } from "../../decide/h2/message.ts";
import type { Session } from "../../decide/h2/session.ts";
import type { Field } from "../../decide/h2/static-table.ts";

/** Rules may add to what a server sent, which was within the limits of the configuration. */
const LIMITS: HeadLimits = { mostBytes: 256 * 1024, mostFields: 1000 };
const NOTHING = Buffer.alloc(0);

/** Only used within one call: an unfinished head is read again from its start. */
const head = new Head();

/** Without a meaning in HTTP/2 when another protocol begins. */
const OF_TUNNELS: ReadonlySet<string> = new Set(["content-length", "sec-websocket-accept"]);

/** The bytes are no answer. */
export const BROKEN = -1;

export class Answer {
  /** The last byte has been sent. */
  done = false;
  private inBody = false;
  private input: Buffer | undefined;
  private left = 0;
  private chunks: ChunkReader | undefined;

  constructor(
    private readonly session: Session,
    private readonly streamId: number,
    private readonly method: string,
    /** The client asked for another protocol: 101 gives it (RFC 8441). */
    private readonly tunnels = false,
  ) {}

  /** Takes bytes, at most `most` of a body. @returns how many were taken, or `BROKEN` */
  write(bytes: Buffer, most: number): number {
    let at = 0;
    while (!this.done && !this.inBody) {
      if (at === bytes.length) return at;
      const taken = this.readHead(at === 0 ? bytes : bytes.subarray(at));
      if (taken < 0) return BROKEN;
      at += taken;
    }
    // What comes after the answer belongs to nobody.
    if (this.done) return bytes.length;
    const body = this.writeBody(bytes.subarray(at), most);
    return body < 0 ? BROKEN : at + body;
  }

  /** The connection of HTTP/1 ends. @returns whether that is a whole answer */
  end(): boolean {
    if (!this.done && this.inBody && this.left === UNTIL_CLOSE) {
      this.session.send(this.streamId, NOTHING, true);
      this.done = true;
    }
    return this.done;
  }

  /** @returns how many of the bytes were taken */
  private readHead(bytes: Buffer): number {
    const before = this.input?.length ?? 0;
    const all = this.input === undefined ? bytes : Buffer.concat([this.input, bytes]);
    const result = scanResponse(head, all, LIMITS);
    if (result === MORE) {
      this.input = Buffer.from(all);
      return bytes.length;
    }
    if (result !== READ) return BROKEN;
    this.input = undefined;
    const tunnel = head.status === 101;
    if (tunnel && !this.tunnels) return BROKEN;
    // An answer that isn't about the other protocol must not be taken for one that grants it.
    const misleads = this.tunnels && head.status >= 200 && head.status < 300;
    if (misleads) {
      this.session.respond(this.streamId, [[":status", "502"]], true);
      this.done = true;
      return head.byteLength - before;
    }
    const fields: Field[] = [[":status", tunnel ? "200" : String(head.status)]];
    for (const [name, value] of head.entries()) {
      const lower = name.toLowerCase();
      if (!CONNECTION_FIELDS.has(lower) && !(tunnel && OF_TUNNELS.has(lower))) fields.push([lower, value]);
    }
    if (tunnel) {
      this.session.respond(this.streamId, fields, false);
      [this.inBody, this.left] = [true, UNTIL_CLOSE];
    } else if (head.status >= 200) this.startBody(fields);
    else this.session.respond(this.streamId, fields, false);
    return head.byteLength - before;
  }

  private startBody(fields: readonly Field[]): void {
    this.left = responseBodyLength(head, this.method);
    this.done = this.left === 0;
    this.inBody = !this.done;
    if (this.left === CHUNKED) this.chunks = new ChunkReader();
    this.session.respond(this.streamId, fields, this.done);
  }

  private writeBody(bytes: Buffer, most: number): number {
    const room = Math.min(most, bytes.length, this.session.room(this.streamId));
    const { chunks } = this;
    if (room <= 0) {
      // The end of a chunked body takes no room.
      const ends = chunks !== undefined && !chunks.insideData && endsChunks(bytes);
      return ends ? this.writeChunks(chunks, bytes) : 0;
    }
    if (chunks !== undefined) return this.writeChunks(chunks, bytes.subarray(0, room));
    const count = this.left === UNTIL_CLOSE ? room : Math.min(room, this.left);
    if (this.left !== UNTIL_CLOSE) {
      this.left -= count;
      this.done = this.left === 0;
    }
    this.session.send(this.streamId, bytes.subarray(0, count), this.done);
    return count;
  }

  private writeChunks(chunks: ChunkReader, bytes: Buffer): number {
    const parts: Buffer[] = [];
    const taken = chunks.feed(bytes, 0, (start, end) => parts.push(bytes.subarray(start, end)));
    if (taken < 0) return BROKEN;
    this.done = chunks.done;
    const content = parts.length === 1 ? (parts[0] ?? NOTHING) : Buffer.concat(parts);
    if (content.length > 0 || this.done) this.session.send(this.streamId, content, this.done);
    return taken;
  }
}
