import { SENT_PAYLOAD_BYTES } from "./frame.ts";
import { type HeaderLimits, TABLE_BYTES } from "./hpack.ts";

/** What one client may make us hold. */
export interface SessionLimits extends HeaderLimits {
  readonly mostStreams: number;
  /** Body bytes of one stream that may be on their way or held. */
  readonly streamWindowBytes: number;
  readonly headerTableBytes: number;
  /** Payload of one frame, 16384 at least. */
  readonly frameBytes: number;
  /** Clients hear that CONNECT may ask for a protocol (RFC 8441). */
  readonly offersTunnels: boolean;
}

export const DEFAULT_SESSION_LIMITS: SessionLimits = {
  mostBytes: 15_360,
  mostFields: 101,
  mostStreams: 100,
  streamWindowBytes: 65_535,
  headerTableBytes: TABLE_BYTES,
  frameBytes: SENT_PAYLOAD_BYTES,
  offersTunnels: true,
};
