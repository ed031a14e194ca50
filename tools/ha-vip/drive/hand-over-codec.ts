/** The datagrams of a hand-over (model/hand-over.ts) to bytes and back. Bytes come from the network: nothing is believed. */
import { HAND_OVER_KINDS, type HandOverMessage } from "../model/hand-over.ts";

/** `5nVH` and a version: other programs' datagrams are not ours. */
const MAGIC = [0x35, 0x6e, 0x56, 0x48, 1] as const;
const LENGTH = 12;

export function encodeHandOver(message: HandOverMessage): Uint8Array {
  const bytes = new Uint8Array(LENGTH);
  bytes.set(MAGIC);
  bytes.set([HAND_OVER_KINDS.indexOf(message.kind), message.vrid, message.priority], MAGIC.length);
  new DataView(bytes.buffer).setUint32(8, message.nonce);
  return bytes;
}

/** Nothing for anything else. Never throws. */
export function decodeHandOver(bytes: Uint8Array): HandOverMessage | undefined {
  if (bytes.length !== LENGTH || !MAGIC.every((byte, index) => bytes[index] === byte)) return undefined;
  const kind = HAND_OVER_KINDS[bytes[5] ?? HAND_OVER_KINDS.length];
  if (kind === undefined) return undefined;
  const nonce = new DataView(bytes.buffer, bytes.byteOffset).getUint32(8);
  return { kind, vrid: bytes[6] ?? 0, priority: bytes[7] ?? 0, nonce };
}
