/** Rules that wait for the request's body: `http-request wait-for-body` and `option http-buffer-request`. */
import { ChunkReader } from "../../decide/http/chunked.ts";
import { CHUNKED } from "../../decide/http/framing.ts";
import { HEAD } from "../../decide/http/head.ts";
import { nowMs } from "../timer-wheel.ts";
import type { ClientConnection } from "./client.ts";
import { replyError } from "./finish.ts";

/** What goes on when enough of the body is here. */
export interface BodyWait {
  /** 0: all of it, or as much as a buffer holds. */
  readonly atLeastBytes: number;
  readonly goOn: (client: ClientConnection) => void;
}

/** A wait that has begun. */
export interface RunningWait extends BodyWait {
  readonly untilMs: number;
}

/** The client may be silent for no longer than otherwise. */
function setDeadline(client: ClientConnection): void {
  const { client: most = Number.POSITIVE_INFINITY } = client.frontend.proxy.timeouts;
  const untilMs = Math.min(client.bodyWait?.untilMs ?? Number.POSITIVE_INFINITY, nowMs() + most);
  client.setDeadline(untilMs === Number.POSITIVE_INFINITY ? undefined : untilMs - nowMs());
}

/** Has enough of the body come? A buffer that is full has room for no more. */
export function isBodyHere(client: ClientConnection, atLeastBytes: number): boolean {
  const { heldBytes, requestDone } = client;
  if (requestDone || heldBytes >= client.plane.limits.mostBytes) return true;
  return atLeastBytes > 0 && heldBytes >= atLeastBytes;
}

/** `goOn` is called at once, or when the body is here; after `timeMs` the request is refused. */
export function waitForBody(client: ClientConnection, timeMs: number | undefined, wait: BodyWait): void {
  if (isBodyHere(client, wait.atLeastBytes)) {
    wait.goOn(client);
    return;
  }
  client.bodyWait = { ...wait, untilMs: nowMs() + (timeMs ?? Number.POSITIVE_INFINITY) };
  setDeadline(client);
  if ((client.head.flags & HEAD.EXPECT_CONTINUE) !== 0 && client.head.minor === 1) {
    // The server can't ask for the body as long as it doesn't see the request.
    client.head.removeNamed("expect");
    client.send("HTTP/1.1 100 Continue\r\n\r\n");
  }
}

/** More of the body came. */
export function onMoreBody(client: ClientConnection): void {
  const { bodyWait } = client;
  if (bodyWait === undefined) return;
  if (!isBodyHere(client, bodyWait.atLeastBytes)) {
    setDeadline(client);
    return;
  }
  client.bodyWait = undefined;
  // Logs count the body as a part of the request then.
  client.headMs = nowMs();
  client.setDeadline(client.frontend.proxy.timeouts.client);
  bodyWait.goOn(client);
}

/** The time for the body is over. */
export function onBodyLate(client: ClientConnection): void {
  client.bodyWait = undefined;
  if (client.stream !== undefined) client.stream.resume = undefined;
  client.headMs = Number.NaN;
  replyError(client, 408, "c", "R");
}

/** What has come of the body, without its chunks. */
export function heldBody(client: ClientConnection): string {
  const bytes = Buffer.concat(client.held);
  if (client.bodyLeft !== CHUNKED && client.chunks === undefined) return bytes.toString("latin1");
  let text = "";
  new ChunkReader().feed(bytes, 0, (start, end) => {
    text += bytes.toString("latin1", start, end);
  });
  return text;
}
