/** Numbers of the TLS library for what is wrong with a certificate: `ssl_c_verify`, `crt-ignore-err`. */

const NUMBERS: Readonly<Record<string, number>> = {
  UNABLE_TO_GET_ISSUER_CERT: 2,
  UNABLE_TO_GET_CRL: 3,
  UNABLE_TO_DECRYPT_CERT_SIGNATURE: 4,
  UNABLE_TO_DECRYPT_CRL_SIGNATURE: 5,
  UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY: 6,
  CERT_SIGNATURE_FAILURE: 7,
  CRL_SIGNATURE_FAILURE: 8,
  CERT_NOT_YET_VALID: 9,
  CERT_HAS_EXPIRED: 10,
  CRL_NOT_YET_VALID: 11,
  CRL_HAS_EXPIRED: 12,
  ERROR_IN_CERT_NOT_BEFORE_FIELD: 13,
  ERROR_IN_CERT_NOT_AFTER_FIELD: 14,
  DEPTH_ZERO_SELF_SIGNED_CERT: 18,
  SELF_SIGNED_CERT_IN_CHAIN: 19,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 20,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 21,
  CERT_CHAIN_TOO_LONG: 22,
  CERT_REVOKED: 23,
  INVALID_CA: 24,
  PATH_LENGTH_EXCEEDED: 25,
  INVALID_PURPOSE: 26,
  CERT_UNTRUSTED: 27,
  CERT_REJECTED: 28,
};
/** Any error that has no number of its own. */
const UNSPECIFIED = 1;
/** They are said of a certificate above the one that was shown. */
const OF_AUTHORITIES: ReadonlySet<number> = new Set([2, 19, 22, 24, 25]);

/** 0 when nothing is wrong. A name that doesn't fit is no error of the chain. */
export function verifyNumber(code: string | undefined): number {
  if (code === undefined || code === "ERR_TLS_CERT_ALTNAME_INVALID") return 0;
  return Object.hasOwn(NUMBERS, code) ? (NUMBERS[code] ?? UNSPECIFIED) : UNSPECIFIED;
}

export function isOfAuthority(number: number): boolean {
  return OF_AUTHORITIES.has(number);
}

/** Do `crt-ignore-err` and `ca-ignore-err` let this pass? Each is a list of numbers, or `all`. */
export function isIgnored(number: number, certificate: readonly string[], authority: readonly string[]): boolean {
  const list = isOfAuthority(number) ? authority : certificate;
  return list.includes("all") || list.includes(String(number));
}
