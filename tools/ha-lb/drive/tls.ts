/** TLS on both sides: options of the runtime from the model's, and what a connection tells about itself. */
import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { createServer, type SecureContextOptions } from "node:tls";
import type { CertificateChoice, KeyKind, TlsContext } from "./certificate-choice.ts";
import { certificates } from "./certificates.ts";
import type { BindTls, ServerTls, TlsVersion } from "../model/tls.ts";

/** Kinds of keys that a bundle has a file for, beside its name: `site.pem.ecdsa`. In the order in which they count. */
const BUNDLED = ["dsa", "ecdsa", "rsa"];

/** The files of the bundle of this name; nothing when it is a file or a folder itself, or there are none. */
export function bundleFiles(path: string): readonly string[] {
  const exists = (file: string): boolean => certificates.text(file) !== undefined || existsSync(file);
  return exists(path) ? [] : BUNDLED.map((kind) => `${path}.${kind}`).filter(exists);
}

/** Files of a `crt` argument: one file, those of a bundle, or all of a folder but the companions of others. */
export function certificateFiles(path: string): readonly string[] {
  // A certificate that was given at run time may have no file.
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) {
    const bundle = bundleFiles(path);
    return bundle.length > 0 ? bundle : [path];
  }
  return (
    readdirSync(path)
      .filter((name) => !name.startsWith(".") && !/\.(key|ocsp|issuer|sctl|dh)$/.test(name))
      .toSorted()
      .map((name) => join(path, name))
      // What is named and isn't there is told when it is read.
      .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile() ?? true)
  );
}

/** Files of the lines of a listener's lists. */
export function listedFiles(tls: BindTls): readonly string[] {
  return certificates.listed(tls).flatMap(({ certificate }) => certificateFiles(certificate));
}

/** Certificates and key of one PEM file; the key may lie beside it (`site.pem.key`). */
function readPem(path: string): { readonly cert: string; readonly key: string } {
  const given = certificates.text(path);
  const text = given ?? readFileSync(path, "utf8");
  const beside = `${path}.key`;
  const stem = `${path.replace(/\.[^./]+$/, "")}.key`;
  const hasKey = text.includes("PRIVATE KEY-----");
  if (hasKey) return { cert: text, key: text };
  const keyFile = [beside, stem].find((file) => existsSync(file));
  if (keyFile === undefined) throw new Error(`there is no private key in it, and no '${beside}'`);
  return { cert: text, key: readFileSync(keyFile, "utf8") };
}

const VERSION_NUMBER: Readonly<Record<TlsVersion, number>> = {
  SSLv3: 0x300,
  "TLSv1.0": 0x301,
  "TLSv1.1": 0x302,
  "TLSv1.2": 0x303,
  "TLSv1.3": 0x304,
};
/** SSL_OP_NO_TLSv1, …_1, …_2, …_3 of the TLS library. */
const NO_VERSION: readonly (readonly [number, number])[] = [
  [0x301, 0x0400_0000],
  [0x302, 0x1000_0000],
  [0x303, 0x0800_0000],
  [0x304, 0x2000_0000],
];

function versionOptions(tls: { readonly minVersion?: TlsVersion; readonly maxVersion?: TlsVersion }): number {
  const least = VERSION_NUMBER[tls.minVersion ?? "TLSv1.2"];
  const most = VERSION_NUMBER[tls.maxVersion ?? "TLSv1.3"];
  let options = 0;
  for (const [version, bit] of NO_VERSION) if (version < least || version > most) options |= bit;
  return options;
}

/** Reads all certificates of a `bind` line. Throws when a file can't be read: the configuration is then refused. */
export function bindTlsContexts(tls: BindTls): readonly TlsContext[] {
  const plain = tls.certificates.flatMap(certificateFiles).map((path) => contextOf(path, tls, []));
  const listed = certificates.listed(tls).flatMap(({ certificate, filters, options }) => {
    const own = { ...tls, ...options };
    return certificateFiles(certificate).map((path) => contextOf(path, own, filters));
  });
  return [...plain, ...listed];
}

/** With filters, only what they name counts: a line of nothing but exceptions has no name at all. */
function contextOf(path: string, tls: BindTls, filters: readonly string[]): TlsContext {
  const { cert, key } = readPem(path);
  const first = new X509Certificate(cert);
  const lower = filters.map((filter) => filter.toLowerCase());
  const wanted = lower.length > 0 ? lower.filter((name) => !name.startsWith("!") && name !== "*") : namesOf(first);
  const refused = new Set(lower.filter((name) => name.startsWith("!") && name !== "!*").map((name) => name.slice(1)));
  return { names: wanted, refused, kind: kindOf(path, first), cert, key, settings: bindOptions(tls) };
}

function kindOf(path: string, { publicKey }: X509Certificate): KeyKind {
  const { asymmetricKeyType } = publicKey;
  if (asymmetricKeyType === "dsa") throw new Error(`the TLS library has no DSA: '${path}' must have another key`);
  return asymmetricKeyType === "ec" ? "ecdsa" : asymmetricKeyType === "rsa" ? "rsa" : "other";
}

/**
 * Lets a listener choose certificates by the name that clients ask for (SNI); names may begin with `*.`. The
 * runtime's own listener has no public call for it: `node:tls` has, on a listener of the same kind.
 */
export function addCertificates(listener: object, choice: CertificateChoice): void {
  const carrier = createServer();
  Object.assign(carrier, { _handle: listener });
  for (const [name, options] of choice.named()) carrier.addContext(name, options as SecureContextOptions);
}

/** `@system-ca` stands for what the system trusts, which is the runtime's own default. */
function authorities(...paths: readonly (string | undefined)[]): { readonly ca?: string[] } {
  const files = paths.filter((path) => path !== undefined);
  return files.length === 0 || files.includes("@system-ca")
    ? {}
    : { ca: files.map((path) => readFileSync(path, "utf8")) };
}

function bindOptions(tls: BindTls): Bun.TLSOptions {
  const asks = tls.verify !== "none";
  // What may be wrong with a certificate is looked at when the handshake is done.
  const refuses = tls.verify === "required" && tls.ignoreCaErrors.length + tls.ignoreCertificateErrors.length === 0;
  return {
    secureOptions: versionOptions(tls),
    ...(tls.ciphers === undefined ? {} : { ciphers: tls.ciphers }),
    ...(asks ? { requestCert: true, rejectUnauthorized: refuses, ...authorities(tls.caFile, tls.caVerifyFile) } : {}),
    // Only what is really spoken may be agreed on.
    ...alpnOptions(tls.alpn),
  };
}

/** Protocols in order of preference, each after its length (RFC 7301, section 3.1): the runtime wants them so. */
export function alpnOptions(protocols: readonly string[]): Bun.TLSOptions {
  const spoken = protocols.filter((name) => name === "h2" || name === "http/1.1");
  if (spoken.length === 0) return {};
  return { ALPNProtocols: Buffer.concat(spoken.map((name) => Buffer.from([name.length, ...Buffer.from(name)]))) };
}

/** DNS names of a certificate, in lower case. */
function namesOf(certificate: X509Certificate): readonly string[] {
  const names = certificate.subjectAltName?.match(/DNS:[^,\s]+/g)?.map((name) => name.slice(4)) ?? [];
  const common = /CN=([^\n]+)/.exec(certificate.subject)?.[1];
  return (names.length > 0 || common === undefined ? names : [common]).map((name) => name.toLowerCase());
}

/** Options for connections to a server, whose certificate is checked when the handshake is done. */
export function serverTlsOptions(tls: ServerTls): Bun.TLSOptions {
  const pem = tls.certificate === undefined ? undefined : readPem(tls.certificate);
  return {
    rejectUnauthorized: false,
    secureOptions: versionOptions(tls),
    ...authorities(tls.caFile),
    ...(pem === undefined ? {} : { cert: pem.cert, key: pem.key }),
    ...(tls.ciphers === undefined ? {} : { ciphers: tls.ciphers }),
  };
}
