/** BFD control packets to bytes and back: RFC 5880 section 4.1. Bytes come from the network: nothing in them is believed. */
import { BFD_STATE, type BfdPacket, type BfdStateName } from "../../model/bfd/bfd.ts";

const BYTES = 24;
const VERSION = 1;
const FLAG = { poll: 0x20, final: 0x10, authentication: 0x04, multipoint: 0x01 } as const;
/** No router may pass it on, RFC 5881 section 5. */
export const BFD_HOP_LIMIT = 255;
const NAMES: readonly BfdStateName[] = ["adminDown", "down", "init", "up"];

export function encodeBfd(packet: BfdPacket): Uint8Array {
  const bytes = new Uint8Array(BYTES);
  const view = new DataView(bytes.buffer);
  const flags = (packet.poll ? FLAG.poll : 0) | (packet.final ? FLAG.final : 0);
  bytes.set([(VERSION << 5) | packet.diagnostic, (BFD_STATE[packet.state] << 6) | flags, packet.multiplier, BYTES]);
  view.setUint32(4, packet.myDiscriminator);
  view.setUint32(8, packet.yourDiscriminator);
  view.setUint32(12, packet.desiredMinTxUs);
  view.setUint32(16, packet.requiredMinRxUs);
  // The last word is 0: we don't loop echo packets back.
  return bytes;
}

/** Section 6.8.6, the checks before a session is looked for. Undefined for what has to be discarded. Never throws. */
export function decodeBfd(bytes: Uint8Array, hopLimit: number): BfdPacket | undefined {
  if (hopLimit !== BFD_HOP_LIMIT || bytes.length < BYTES) return undefined;
  const [head = 0, second = 0, multiplier = 0, length = 0] = bytes;
  if (head >> 5 !== VERSION || length < BYTES || length > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const state = NAMES[second >> 6] ?? "down";
  const [myDiscriminator, yourDiscriminator] = [view.getUint32(4), view.getUint32(8)];
  const odd = (second & (FLAG.multipoint | FLAG.authentication)) !== 0;
  if (multiplier === 0 || myDiscriminator === 0 || odd) return undefined;
  // Without naming our session it can only be a beginning.
  if (yourDiscriminator === 0 && state !== "down" && state !== "adminDown") return undefined;
  return {
    state,
    diagnostic: head & 0x1f,
    poll: (second & FLAG.poll) !== 0,
    final: (second & FLAG.final) !== 0,
    multiplier,
    myDiscriminator,
    yourDiscriminator,
    desiredMinTxUs: view.getUint32(12),
    requiredMinRxUs: view.getUint32(16),
  };
}
