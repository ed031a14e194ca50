/**
 * A witness: a third place that remembers which host of a cluster spoke to it last as master. Two hosts that can't hear
 * each other can still hear it, so that only one of them is master.
 */
export interface WitnessSettings {
  readonly address: string;
  readonly port: number;
  /** A file with the secret that witness and hosts share. */
  readonly keyFile: string;
}

export const WITNESS_PORT = 52_113;
/** A grant that is not renewed for so long may go to another host: two renewals of a living master, and some. */
export const GRANT_MS = 600;
/** Grants that a witness keeps: more routers than any cluster has. */
export const MAX_GRANTS = 10_000;
/** Datagrams older or newer than this, by the sender's clock, are not believed. */
export const CLOCK_TOLERANCE_MS = 30_000;
