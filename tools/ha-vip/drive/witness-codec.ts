/**
 * Questions to a witness and its answers: JSON with a time, sealed by a shared secret (HMAC-SHA256), so that nobody else
 * can give or take a grant. The host's nonce comes back in the answer: an old answer can't be played again.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { z } from "zod";

const SEAL_BYTES = 32;
const LONGEST_BODY = 1024;

export const askSchema = z.object({
  kind: z.literal("ask"),
  /** Which address: the router's name in the cluster, the same on all hosts. */
  subject: z.string().max(200),
  host: z.string().max(200),
  /** As master it holds on; as backup it wants it. */
  holds: z.boolean(),
  nonce: z.number().int(),
  atMs: z.number(),
});
export type WitnessAsk = z.infer<typeof askSchema>;

export const answerSchema = z.object({
  kind: z.literal("answer"),
  subject: z.string().max(200),
  granted: z.boolean(),
  holder: z.string().max(200),
  nonce: z.number().int(),
});
export type WitnessAnswer = z.infer<typeof answerSchema>;

export function seal(message: WitnessAsk | WitnessAnswer, key: Uint8Array): Uint8Array {
  const body = new TextEncoder().encode(JSON.stringify(message));
  const mark = createHmac("sha256", key).update(body).digest();
  return Buffer.concat([mark, body]);
}

/** What is under a good seal, or nothing. Never throws. */
export function unseal(bytes: Uint8Array, key: Uint8Array): unknown {
  if (bytes.length <= SEAL_BYTES || bytes.length > SEAL_BYTES + LONGEST_BODY) return undefined;
  const body = bytes.subarray(SEAL_BYTES);
  const mark = createHmac("sha256", key).update(body).digest();
  if (!timingSafeEqual(mark, bytes.subarray(0, SEAL_BYTES))) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}
