/** TLS on both sides: options of the runtime from the model's, and what a connection tells about itself. */
import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { createServer, type SecureContextOptions } from "node:tls";
import { certificates } from "./certificates.ts";
import type { BindTls, ServerTls, TlsVersion } from "../model/tls.ts";

/** One certificate with its key, and the names it is for. */
export interface TlsContext {
  readonly names: readonly string[];
  readonly options: Bun.TLSOptions;
}

/** Files of a `crt` argument: one file, or all of a folder but the companions of others. */
export function certificateFiles(path: string): readonly string[] {
  // A certificate that was given at run time may have no file.
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [path];
  return readdirSync(path)
    .filter((name) => !/\.(key|ocsp|issuer|sctl|dh)$/.test(name))
    .toSorted()
    .map((name) => join(path, name));
}

/** Certificates and key of one PEM file; the key may lie beside it (`site.pem.key`). */
function readPem(path: string): { readonly cert: string; readonly key: string } {
  const given = certificates.text(path);
  const text = given ?? readFileSync(path, "utf8");
  const beside = `${path}.key`;
  const stem = `${path.replace(/\.[^./]+$/, "")}.key`;
  const hasKey = text.includes("PRIVATE KEY-----");
  const keyFile = hasKey ? path : existsSync(beside) ? beside : stem;
  return { cert: text, key: hasKey ? text : readFileSync(keyFile, "utf8") };
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
  const plain = tls.certificates.flatMap(certificateFiles).map((path) => contextOf(path, tls));
  const listed = certificates.listed(tls).map(({ certificate, filters, options }) => {
    const context = contextOf(certificate, { ...tls, ...options });
    const wanted = filters.filter((filter) => !filter.startsWith("!"));
    const refused = new Set(filters.filter((filter) => filter.startsWith("!")).map((filter) => filter.slice(1)));
    const names = wanted.length > 0 ? wanted : context.names;
    return { ...context, names: names.filter((name) => !refused.has(name)) };
  });
  return [...plain, ...listed];
}

function contextOf(path: string, tls: BindTls): TlsContext {
  const { cert, key } = readPem(path);
  return { names: namesOf(cert), options: { cert, key, ...bindOptions(tls) } };
}

/** Is the certificate of one of these names, or a wildcard's, for the name that a client asked for? */
export function isNamed(names: ReadonlySet<string>, asked: string | undefined): boolean {
  if (asked === undefined) return false;
  const name = asked.toLowerCase();
  return names.has(name) || names.has(`*${name.slice(name.indexOf("."))}`);
}

/**
 * Lets a listener choose certificates by the name that clients ask for (SNI); names may begin with `*.`. The
 * runtime's own listener has no public call for it: `node:tls` has, on a listener of the same kind.
 */
export function addCertificates(listener: object, contexts: readonly TlsContext[]): void {
  const carrier = createServer();
  Object.assign(carrier, { _handle: listener });
  const known = new Set<string>();
  for (const { names, options } of contexts) {
    for (const name of names) {
      // The first certificate for a name counts.
      if (known.has(name.toLowerCase())) continue;
      known.add(name.toLowerCase());
      carrier.addContext(name.toLowerCase(), options as SecureContextOptions);
    }
  }
}

/** `@system-ca` stands for what the system trusts, which is the runtime's own default. */
function authorities(path: string | undefined): { readonly ca?: string } {
  return path === undefined || path === "@system-ca" ? {} : { ca: readFileSync(path, "utf8") };
}

function bindOptions(tls: BindTls): Bun.TLSOptions {
  const asks = tls.verify !== "none";
  // What may be wrong with a certificate is looked at when the handshake is done.
  const refuses = tls.verify === "required" && tls.ignoreCaErrors.length + tls.ignoreCertificateErrors.length === 0;
  return {
    secureOptions: versionOptions(tls),
    ...(tls.ciphers === undefined ? {} : { ciphers: tls.ciphers }),
    ...(asks ? { requestCert: true, rejectUnauthorized: refuses, ...authorities(tls.caFile) } : {}),
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

/** DNS names of the first certificate in a PEM text. */
function namesOf(pem: string): readonly string[] {
  const certificate = new X509Certificate(pem);
  const names = certificate.subjectAltName?.match(/DNS:[^,\s]+/g)?.map((name) => name.slice(4)) ?? [];
  const common = /CN=([^\n]+)/.exec(certificate.subject)?.[1];
  return names.length > 0 || common === undefined ? names : [common];
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
