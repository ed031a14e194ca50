/** BFD in asynchronous mode over one hop: RFC 5880, RFC 5881. */

export interface BfdSettings {
  /** How often we send, and how often we want to be sent to, when the session is up. */
  readonly intervalMs: number;
  /** Silence of so many intervals means that the path is down. */
  readonly multiplier: number;
}

export const BFD_STATE = { adminDown: 0, down: 1, init: 2, up: 3 } as const;
export type BfdStateName = keyof typeof BFD_STATE;

/** RFC 5880 section 4.1. */
export const BFD_DIAGNOSTIC = { none: 0, timeExpired: 1, neighbourDown: 3, administrative: 7 } as const;

/** One control packet. Times in microseconds, as on the wire. */
export interface BfdPacket {
  readonly state: BfdStateName;
  readonly diagnostic: number;
  readonly poll: boolean;
  readonly final: boolean;
  readonly multiplier: number;
  readonly myDiscriminator: number;
  readonly yourDiscriminator: number;
  readonly desiredMinTxUs: number;
  readonly requiredMinRxUs: number;
}

export const BFD_PORT = 3784;
/** Source ports are from this range, RFC 5881 section 4. */
export const BFD_SOURCE_PORTS = { first: 49_152, last: 65_535 } as const;
export const BFD_DEFAULTS = { intervalMs: 50, multiplier: 3 } as const;
/** No faster than once a second while the session isn't up, RFC 5880 section 6.8.3. */
export const BFD_SLOW_MS = 1_000;
