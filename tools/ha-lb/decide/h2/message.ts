/** Heads and bodies of HTTP as frames, RFC 9113 section 8.1, and what of HTTP/1 has no place in them. Pure. */
import { FLAG, FRAME, frame, SENT_PAYLOAD_BYTES } from "./frame.ts";
import { encodeHeaders } from "./hpack-encode.ts";
import type { Outflow } from "./stream.ts";
import type { Field } from "./static-table.ts";

/** They belong to one connection of HTTP/1 (section 8.2.2). */
export const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

/** How the end of a chunked body stands; also after the line end of the chunk before. */
const LAST_CHUNKS: ReadonlySet<string> = new Set(["0\r\n\r\n", "\r\n0\r\n\r\n"]);

/** Do these bytes begin with the end of a chunked body? It takes no room in a window. */
export function endsChunks(bytes: Buffer): boolean {
  return LAST_CHUNKS.has(bytes.toString("latin1", 0, 8));
}

/** What takes frames. */
export interface FrameSink {
  write(bytes: Buffer): void;
}

/** Writes a head: one HEADERS frame, and CONTINUATION frames for what has no room in it. */
export function writeHead(to: FrameSink, streamId: number, fields: readonly Field[], ends: boolean): void {
  const block = encodeHeaders(fields);
  let at = 0;
  do {
    const part = block.subarray(at, at + SENT_PAYLOAD_BYTES);
    const last = at + part.length >= block.length;
    const flags = (last ? FLAG.END_HEADERS : 0) | (at === 0 && ends ? FLAG.END_STREAM : 0);
    to.write(frame(at === 0 ? FRAME.HEADERS : FRAME.CONTINUATION, flags, streamId, part));
    at += part.length;
  } while (at < block.length);
}

/** Writes body bytes as DATA frames; an end without bytes is one, too. */
export function writeBody(to: FrameSink, streamId: number, bytes: Uint8Array, ends: boolean): void {
  let at = 0;
  do {
    const part = bytes.subarray(at, at + SENT_PAYLOAD_BYTES);
    at += part.length;
    const last = ends && at >= bytes.length;
    to.write(frame(FRAME.DATA, last ? FLAG.END_STREAM : 0, streamId, part));
  } while (at < bytes.length);
}

/** How many body bytes both windows let through now. */
export function roomOf(stream: Outflow, connection: Outflow): number {
  return Math.max(0, Math.min(stream.window, connection.window));
}
