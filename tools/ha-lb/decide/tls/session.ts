/** What a TLS session keeps of the other side, in the form that the TLS library writes it (its `SSL_SESSION`). */
import { inside, textOf, valueAt } from "./der.ts";

/** `[19]`, constructed: the certificates above the one that was shown. */
const CHAIN_TAG = 0xb3;

/** The certificates that the other side sent behind its own one, one behind the other; empty when it sent none. */
export function chainOfSession(session: Uint8Array): string {
  const fields = inside(session, valueAt(session, 0, session.length));
  const chain = fields.find(({ tag }) => tag === CHAIN_TAG);
  return chain === undefined ? "" : textOf(session, chain);
}
