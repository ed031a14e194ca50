/** How long a body is, RFC 9112 section 6.3. */
import { HEAD, type Head } from "./head.ts";

/** The body's length in bytes, or one of these. */
export const CHUNKED = -1;
/** Responses only: it ends with the connection. */
export const UNTIL_CLOSE = -2;

/** Of a request that `scanRequest` accepted. */
export function requestBodyLength(head: Head): number {
  if ((head.flags & HEAD.CHUNKED) !== 0) return CHUNKED;
  return (head.flags & HEAD.HAS_LENGTH) === 0 ? 0 : head.contentLength;
}

/** Of a final response (not 1xx) to a request with `method`. */
export function responseBodyLength(head: Head, method: string): number {
  if (method === "HEAD" || head.status === 204 || head.status === 304) return 0;
  if ((head.flags & HEAD.OTHER_CODING) !== 0) return UNTIL_CLOSE;
  if ((head.flags & HEAD.CHUNKED) !== 0) return CHUNKED;
  return (head.flags & HEAD.HAS_LENGTH) === 0 ? UNTIL_CLOSE : head.contentLength;
}

/** May the request be sent a second time after its connection broke without an answer (RFC 9110, section 9.2.2)? */
export function isIdempotent(method: string): boolean {
  switch (method) {
    case "GET":
    case "HEAD":
    case "PUT":
    case "DELETE":
    case "OPTIONS":
    case "TRACE":
      return true;
    default:
      return false;
  }
}
