/** Revocation lists (RFC 5280, section 5.1): which certificates their authority took back. */
import type { CertificateName } from "./certificate.ts";
import { inside, integerBytes, fullTime, TAG, textOf, type Value, valueAt } from "./der.ts";

export interface RevocationList {
  /** The authority's name, as it is written. */
  readonly issuer: string;
  readonly serials: ReadonlySet<string>;
  /** `YYYYMMDDhhmmssZ`; the list is out of date after that. */
  readonly nextUpdate: string | undefined;
  /** What the signature is of, and the signature. */
  readonly signedFrom: number;
  readonly signedTo: number;
  readonly signature: string;
}

/** Reads a list. Throws when the bytes are none. */
export function readRevocationList(der: Uint8Array): RevocationList {
  const [body, , signature] = inside(der, valueAt(der, 0, der.length));
  if (body === undefined || signature === undefined) throw new Error("not a revocation list");
  const fields = inside(der, body);
  const rest = fields[0]?.tag === TAG.INTEGER ? fields.slice(1) : fields;
  const [, issuer, ...more] = rest;
  if (issuer === undefined) throw new Error("not a revocation list");
  const isTime = ({ tag }: Value): boolean => tag === TAG.UTC_TIME || tag === TAG.GENERALIZED_TIME;
  const [, next] = more.filter(isTime);
  const entries = more.find(({ tag }) => tag === TAG.SEQUENCE);
  const serials = new Set<string>();
  for (const entry of entries === undefined ? [] : inside(der, entries)) {
    const [serial] = inside(der, entry);
    if (serial !== undefined) serials.add(integerBytes(der, serial));
  }
  return {
    issuer: textOf(der, { from: issuer.start, to: issuer.to }),
    serials,
    nextUpdate: next === undefined ? undefined : fullTime(der, next),
    signedFrom: body.start,
    signedTo: body.to,
    signature: textOf(der, { from: signature.from + 1, to: signature.to }),
  };
}

/**
 * The TLS library's error for a certificate: revoked, no list of its authority, the list is too old; or nothing.
 * `now` as `YYYYMMDDhhmmssZ`.
 */
export function revocationError(
  lists: readonly RevocationList[],
  certificate: CertificateName,
  now: string,
): string | undefined {
  const own = lists.filter(({ issuer }) => issuer === certificate.issuer);
  if (own.length === 0) return "UNABLE_TO_GET_CRL";
  if (own.some(({ serials }) => serials.has(certificate.serial))) return "CERT_REVOKED";
  return own.every(({ nextUpdate }) => nextUpdate !== undefined && nextUpdate < now) ? "CRL_HAS_EXPIRED" : undefined;
}
