/** `compression`: answers that go out in a coding that the client takes and the server didn't choose. */
import { announceCoding, chooseCoding, joinCompression, mayEncode } from "../../decide/http/compression.ts";
import { CHUNKED } from "../../decide/http/framing.ts";
import type { BackendRuntime } from "../runtime.ts";
import type { ClientConnection } from "./client.ts";
import { Encoder } from "./encoder.ts";
import { afterPart, brokenBody, measure } from "./response.ts";
import type { ServerConnection } from "./server-connection.ts";

/** A body up to this size goes out with its head in one write. */
const ONE_WRITE_BYTES = 16 * 1024;

const settingsOf = (client: ClientConnection, backend: BackendRuntime) =>
  joinCompression(client.frontend.proxy.compression, backend.proxy.compression);

/** The request is about to go to its server. */
export function chooseEncoding(client: ClientConnection, backend: BackendRuntime): void {
  const settings = settingsOf(client, backend);
  if (settings !== undefined) client.coding = chooseCoding(client.head, settings);
}

/** The answer's head was read. @returns whether its body will be encoded */
export function startEncoding(connection: ServerConnection, client: ClientConnection): boolean {
  const { coding } = client;
  const settings = settingsOf(client, connection.server.backend);
  if (coding === undefined || settings === undefined) return false;
  if (connection.bodyLeft === 0 || !mayEncode(connection.head, settings.types)) return false;
  announceCoding(connection.head, coding);
  connection.encoder = new Encoder(coding, client.plane.configuration.global.tune.compressionLevel);
  return true;
}

/** A part of the body, from `start` on; the first one comes with the head's text. */
export function passEncoded(
  connection: ServerConnection,
  client: ClientConnection,
  encoder: Encoder,
  bytes: Buffer,
  start: number,
  headText: string,
): void {
  const content: Buffer[] = [];
  const isChunked = connection.bodyLeft === CHUNKED;
  const collect = isChunked ? (from: number, to: number) => content.push(bytes.subarray(from, to)) : undefined;
  const taken = measure(connection, bytes, start, collect);
  if (taken < 0) {
    brokenBody(connection, client);
    return;
  }
  if (!isChunked && taken > 0) content.push(bytes.subarray(start, start + taken));
  const encoded = encoder.write(content, connection.bodyLeft === 0);
  const plainBytes = content.reduce((sum, part) => sum + part.length, 0);
  for (const { counters } of [client.frontend, connection.server.backend]) {
    counters.compressedIn += plainBytes;
    counters.compressedOut += encoded.length;
    if (headText !== "") counters.compressedResponses += 1;
  }
  client.responseBytes += headText.length + encoded.length;
  if (headText !== "" && encoded.length <= ONE_WRITE_BYTES) client.send(headText + encoded.toString("latin1"));
  else {
    if (headText !== "") client.send(headText);
    if (encoded.length > 0) client.send(encoded);
  }
  afterPart(connection, client, start + taken === bytes.length);
}
