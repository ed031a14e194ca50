/** Handshakes of WebSockets in HTTP/1.1, RFC 6455 section 4. */
import { HEAD, type Head } from "./head.ts";

/** 16 bytes in base64. */
const KEY_LENGTH = 24;

/** Does this head ask for WebSockets, or grant them? */
export function isWebSocket(head: Head): boolean {
  if ((head.flags & HEAD.UPGRADE_TOKEN) === 0) return false;
  const wanted = head.all("upgrade").at(-1);
  return wanted?.split(",").some((word) => word.trim().toLowerCase() === "websocket") ?? false;
}

/** A request for WebSockets without the key that its answer has to prove it was understood by. */
export function lacksKey(head: Head): boolean {
  if ((head.flags & HEAD.UPGRADE_TOKEN) === 0 || !isWebSocket(head)) return false;
  return !head.all("sec-websocket-key").some((key) => key.length === KEY_LENGTH);
}
