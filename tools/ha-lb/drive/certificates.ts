/**
 * Certificates that operators gave at run time, by the names of the files that they stand for. They last until the
 * configuration is read again, as with haproxy.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { BindTls, CertificateListEntry } from "../model/tls.ts";

/** More than any list of certificates that is changed by hand. */
const MOST_CERTIFICATES = 100_000;

export interface CertificateFacts {
  readonly serial: string;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly alternativeNames: string;
  readonly algorithm: string;
  readonly fingerprint: string;
  readonly subject: string;
  readonly issuer: string;
}

export class Certificates {
  /** In force. */
  private readonly given = new Map<string, string>();
  /** Waits for `commit`. One at a time, as with haproxy. */
  transaction: { readonly path: string; readonly pem: string } | undefined;

  /** Changes of the lists of `crt-list`, by their paths. */
  private readonly lists = new Map<string, readonly CertificateListEntry[]>();

  /** The lines of a listener's lists as they are now. */
  listed(tls: BindTls): readonly CertificateListEntry[] {
    const changed = tls.certificateLists.map((path) => this.lists.get(path)).find((list) => list !== undefined);
    return changed ?? tls.listed ?? [];
  }

  /** Gives the lines of a list from now on; nothing to have the file's lines again. */
  setList(path: string, entries: readonly CertificateListEntry[] | undefined): void {
    if (entries === undefined) this.lists.delete(path);
    else this.lists.set(path, entries);
  }

  /** The text that stands for a file; the file counts when there is none. */
  text(path: string): string | undefined {
    const text = this.given.get(path);
    return text === "" ? undefined : text;
  }

  has(path: string): boolean {
    return this.given.has(path);
  }

  paths(): readonly string[] {
    return [...this.given.keys()];
  }

  /** A place for a certificate; false when it is there or there are too many. */
  create(path: string): boolean {
    if (this.given.has(path) || this.given.size >= MOST_CERTIFICATES) return false;
    this.given.set(path, "");
    return true;
  }

  set(path: string, pem: string): void {
    this.given.set(path, pem);
  }

  /** Back to what was there; nothing to have the file count again. */
  restore(path: string, pem: string | undefined): void {
    if (pem === undefined) this.given.delete(path);
    else this.given.set(path, pem);
  }

  delete(path: string): void {
    this.given.delete(path);
  }

  /** The configuration was read again, and all files with it. */
  clear(): void {
    this.given.clear();
    this.lists.clear();
    this.transaction = undefined;
  }
}

/** Of the process: listeners of an old and of a new configuration look here. */
export const certificates = new Certificates();

/** Why this text is no certificate with its key; nothing when it is. The key may lie in another file. */
export function pemProblem(pem: string, needsKey: boolean): string | undefined {
  try {
    const certificate = new X509Certificate(pem);
    if (!pem.includes("PRIVATE KEY-----")) return needsKey ? "there is no private key in it" : undefined;
    return certificate.checkPrivateKey(createPrivateKey(pem)) ? undefined : "the private key isn't the certificate's";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const inOneLine = (name: string): string => `/${name.split("\n").join("/")}`;

export function certificateFacts(pem: string): CertificateFacts {
  const certificate = new X509Certificate(pem);
  const { asymmetricKeyDetails: details, asymmetricKeyType: type } = certificate.publicKey;
  const algorithm = type === "rsa" ? `RSA${details?.modulusLength ?? ""}` : (details?.namedCurve ?? type ?? "");
  return {
    serial: certificate.serialNumber,
    notBefore: certificate.validFrom,
    notAfter: certificate.validTo,
    alternativeNames: certificate.subjectAltName ?? "",
    algorithm,
    fingerprint: certificate.fingerprint.replaceAll(":", ""),
    subject: inOneLine(certificate.subject),
    issuer: inOneLine(certificate.issuer),
  };
}
