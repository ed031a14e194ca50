/** What is done about certificates when a handshake is over: the runtime's own answer is all or nothing. */
import { verify, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Socket } from "bun";
import { certificateName } from "../decide/tls/certificate.ts";
import { readRevocationList, type RevocationList, revocationError } from "../decide/tls/revocation.ts";
import { isIgnored, verifyNumber } from "../decide/tls/verify-error.ts";
import type { BindTls, ServerTls } from "../model/tls.ts";
import type { CertificateChoice } from "./certificate-choice.ts";
import { isTls, noteVerifyResult } from "./tls-view.ts";
import type { Peer } from "./peer.ts";

type Handshake = (socket: Socket<Peer>, error: Error | null | undefined) => boolean;

/** What a listener's `crl-file` revokes. Throws as `readRevocationFile`. */
export function revocationsOf({ crlFile, caFile, caVerifyFile }: BindTls): readonly RevocationList[] | undefined {
  return crlFile === undefined ? undefined : readRevocationFile(crlFile, [caFile, caVerifyFile]);
}

/** The lists of a `crl-file`. Throws when it has none, or one that no authority of `authorities` has signed. */
function readRevocationFile(path: string, authorities: readonly (string | undefined)[]): readonly RevocationList[] {
  const blocks = pemBlocks(readFileSync(path, "utf8"), "X509 CRL");
  if (blocks.length === 0) throw new Error(`'${path}' has no revocation list`);
  const known = authorities
    .filter((file) => file !== undefined)
    .flatMap((file) => pemBlocks(readFileSync(file, "utf8"), "CERTIFICATE"))
    .map((der) => new X509Certificate(der));
  return blocks.map((der) => {
    const list = readRevocationList(der);
    const signed = der.subarray(list.signedFrom, list.signedTo);
    const signature = Buffer.from(list.signature, "latin1");
    if (!known.some((authority) => isSignedBy(signed, signature, authority))) {
      throw new Error(`a revocation list of '${path}' isn't signed by an authority of 'ca-file'`);
    }
    return list;
  });
}

/** The digest isn't looked up: one of the usual ones fits, or none does. */
function isSignedBy(signed: Buffer, signature: Buffer, { publicKey }: X509Certificate): boolean {
  const { asymmetricKeyType } = publicKey;
  const digests = asymmetricKeyType === "ed25519" || asymmetricKeyType === "ed448" ? [null] : DIGESTS;
  return digests.some((digest) => {
    try {
      return verify(digest, signed, publicKey, signature);
    } catch {
      return false;
    }
  });
}
const DIGESTS = ["sha256", "sha384", "sha512", "sha1"];

function pemBlocks(text: string, kind: string): readonly Buffer[] {
  const pattern = new RegExp(`-----BEGIN ${kind}-----([A-Za-z0-9+/=\\s]+)-----END ${kind}-----`, "g");
  return Array.from(text.matchAll(pattern), ([, base64 = ""]) => Buffer.from(base64, "base64"));
}

/** The library's error for the certificate that the other side showed, also of revocation lists. */
function errorOf(socket: object, code: string | undefined, lists: readonly RevocationList[] | undefined): number {
  const number = verifyNumber(code);
  if (number !== 0 || lists === undefined || !isTls(socket)) return number;
  const shown = socket.getPeerX509Certificate();
  if (shown === undefined) return number;
  const now = new Date().toISOString().replace(/[-:T]/g, "").slice(0, 14);
  return verifyNumber(revocationError(lists, certificateName(shown.raw), `${now}Z`));
}

function codeOf(error: Error | null | undefined): string | undefined {
  return error !== null && error !== undefined && "code" in error ? String(error.code) : undefined;
}

/** A listener's look at each handshake, when there is anything to look at. */
export function clientVerifier(tls: BindTls, certificates: CertificateChoice): Handshake | undefined {
  if (!tls.strictSni && tls.verify === "none") return undefined;
  const lists = revocationsOf(tls);
  return (socket, error) => {
    const raw: object = socket;
    if (!isTls(raw)) return false;
    // Who asks for no name, or for one without a certificate, is not served.
    if (tls.strictSni && !certificates.isFor(raw.getServername())) return false;
    if (tls.verify === "none") return true;
    if (raw.getPeerX509Certificate() === undefined) return tls.verify === "optional";
    const number = errorOf(raw, codeOf(error), lists);
    noteVerifyResult(raw, number);
    return number === 0 || isIgnored(number, tls.ignoreCertificateErrors, tls.ignoreCaErrors);
  };
}

/** A look at a server's certificate: its chain, and its name when `verifyhost` or `sni` gives one. */
export function serverVerifier(tls: ServerTls): (name: string | undefined) => Handshake {
  const lists = tls.crlFile === undefined ? undefined : readRevocationFile(tls.crlFile, [tls.caFile]);
  return (name) => (socket, error) => {
    const raw: object = socket;
    if (tls.verify === "none") return true;
    if (!isTls(raw)) return false;
    const shown = raw.getPeerX509Certificate();
    const number = errorOf(raw, codeOf(error), lists);
    noteVerifyResult(raw, number);
    if (shown === undefined || number !== 0) return false;
    // The name that was asked for counts before the configured one.
    const wanted = name ?? tls.verifyHost;
    return wanted === undefined || shown.checkHost(wanted) !== undefined;
  };
}
