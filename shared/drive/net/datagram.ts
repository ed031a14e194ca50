/** What the datagram sockets of this folder have in common: one received packet, and the loop that skips broken ones. */
import { EAGAIN } from "../ffi/errno.ts";

/** A packet as it arrived. All byte arrays are views that the socket's next `receive` overwrites. */
export interface Datagram {
  readonly source: Uint8Array;
  /** The group or the own address that it was sent to. */
  readonly destination: Uint8Array;
  /** Time to live or hop limit as received: 255 proves that no router passed it on (RFC 5082). */
  readonly hopLimit: number;
  /** Where it came in; 0 when the socket didn't say. */
  readonly interfaceIndex: number;
  readonly payload: Uint8Array;
}

/** Broken packets thrown away in one `receive`, so that a flood of them can't hold the thread. */
export const SKIP_LIMIT = 64;

/**
 * The next packet that `decode` understands. `receiveNext` gives a count or -errno; `decode` nothing
 * for a packet to throw away, which `onDiscard` counts.
 */
export function receiveDecoded<Packet>(
  receiveNext: () => number,
  decode: () => Packet | undefined,
  onDiscard: () => void,
): Packet | number {
  for (let skipped = 0; skipped < SKIP_LIMIT; skipped += 1) {
    const count = receiveNext();
    if (count < 0) return count;
    const packet = decode();
    if (packet !== undefined) return packet;
    onDiscard();
  }
  // The descriptor stays readable: the caller's loop comes back after its deadlines.
  return -EAGAIN;
}

/** 32 bits in the machine's byte order, as ancillary data has them; 0 when they aren't all there. */
export function wordAt(bytes: Uint8Array, offset: number): number {
  if (offset + 4 > bytes.byteLength) return 0;
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(offset, true);
}
