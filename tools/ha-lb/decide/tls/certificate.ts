/** An X.509 certificate as expressions ask for it (RFC 5280, section 4.1). */
import type { CertificateView } from "../../model/sample-context.ts";
import { inside, integerBytes, objectIdentifier, shortTime, TAG, textOf, type Value, valueAt } from "./der.ts";

/** Short names of the TLS library. */
const NAME_PARTS: Readonly<Record<string, string>> = {
  "2.5.4.3": "CN",
  "2.5.4.4": "SN",
  "2.5.4.5": "serialNumber",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.9": "street",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "2.5.4.12": "title",
  "2.5.4.13": "description",
  "2.5.4.15": "businessCategory",
  "2.5.4.17": "postalCode",
  "2.5.4.41": "name",
  "2.5.4.42": "GN",
  "2.5.4.43": "initials",
  "2.5.4.44": "generationQualifier",
  "2.5.4.46": "dnQualifier",
  "2.5.4.65": "pseudonym",
  "2.5.4.97": "organizationIdentifier",
  "0.9.2342.19200300.100.1.1": "UID",
  "0.9.2342.19200300.100.1.25": "DC",
  "1.2.840.113549.1.9.1": "emailAddress",
  "1.2.840.113549.1.9.2": "unstructuredName",
};
const ALGORITHMS: Readonly<Record<string, string>> = {
  "1.2.840.113549.1.1.1": "rsaEncryption",
  "1.2.840.113549.1.1.4": "RSA-MD5",
  "1.2.840.113549.1.1.5": "RSA-SHA1",
  "1.2.840.113549.1.1.10": "RSASSA-PSS",
  "1.2.840.113549.1.1.11": "RSA-SHA256",
  "1.2.840.113549.1.1.12": "RSA-SHA384",
  "1.2.840.113549.1.1.13": "RSA-SHA512",
  "1.2.840.113549.1.1.14": "RSA-SHA224",
  "1.2.840.10045.2.1": "id-ecPublicKey",
  "1.2.840.10045.4.1": "ecdsa-with-SHA1",
  "1.2.840.10045.4.3.2": "ecdsa-with-SHA256",
  "1.2.840.10045.4.3.3": "ecdsa-with-SHA384",
  "1.2.840.10045.4.3.4": "ecdsa-with-SHA512",
  "1.3.101.112": "ED25519",
  "1.3.101.113": "ED448",
};

/** What only the platform can say. */
export interface CertificateFacts {
  readonly sha1: string;
  /** The certificate and those above it, as the other side sent them. */
  readonly chainDer: string;
}

/** The parts of a certificate that revocation is decided by. */
export interface CertificateName {
  /** The issuer's name, as it is written. */
  readonly issuer: string;
  readonly serial: string;
}

interface Parts {
  readonly version: number;
  readonly serial: Value;
  readonly issuer: Value;
  readonly validity: Value;
  readonly subject: Value;
  readonly key: Value;
  readonly signature: Value;
}

function partsOf(der: Uint8Array): Parts {
  const [body, algorithm] = inside(der, valueAt(der, 0, der.length));
  if (body === undefined || algorithm === undefined) throw new Error("not a certificate");
  const fields = inside(der, body);
  const [first] = fields;
  const isVersioned = first?.tag === 0xa0;
  const [serial, , issuer, validity, subject, key] = isVersioned ? fields.slice(1) : fields;
  if (serial === undefined || issuer === undefined || validity === undefined) throw new Error("not a certificate");
  if (subject === undefined || key === undefined) throw new Error("not a certificate");
  const version = isVersioned ? (der[first.to - 1] ?? 0) + 1 : 1;
  return { version, serial, issuer, validity, subject, key, signature: algorithm };
}

export function certificateName(der: Uint8Array): CertificateName {
  const { issuer, serial } = partsOf(der);
  return { issuer: textOf(der, { from: issuer.start, to: issuer.to }), serial: integerBytes(der, serial) };
}

/** Reads a certificate. Throws when the bytes are none; the TLS library has accepted them before. */
export function readCertificate(der: Uint8Array, facts: CertificateFacts): CertificateView {
  const parts = partsOf(der);
  const [notBefore, notAfter] = inside(der, parts.validity);
  return {
    subject: nameOf(der, parts.subject),
    issuer: nameOf(der, parts.issuer),
    serial: integerBytes(der, parts.serial),
    sha1: facts.sha1,
    der: textOf(der, { from: 0, to: der.length }),
    chainDer: facts.chainDer,
    notBefore: notBefore === undefined ? "" : shortTime(der, notBefore),
    notAfter: notAfter === undefined ? "" : shortTime(der, notAfter),
    keyAlgorithm: algorithmOf(der, inside(der, parts.key)[0]),
    signatureAlgorithm: algorithmOf(der, parts.signature),
    version: parts.version,
  };
}

function algorithmOf(der: Uint8Array, value: Value | undefined): string {
  const [identifier] = value === undefined ? [] : inside(der, value);
  if (identifier === undefined) return "";
  const dotted = objectIdentifier(der, identifier);
  return Object.hasOwn(ALGORITHMS, dotted) ? (ALGORITHMS[dotted] ?? dotted) : dotted;
}

function nameOf(der: Uint8Array, name: Value): readonly (readonly [string, string])[] {
  return inside(der, name).flatMap((set) =>
    inside(der, set).map((entry): readonly [string, string] => {
      const [identifier, value] = inside(der, entry);
      if (identifier === undefined || value === undefined) return ["", ""];
      const dotted = objectIdentifier(der, identifier);
      const short = Object.hasOwn(NAME_PARTS, dotted) ? (NAME_PARTS[dotted] ?? dotted) : dotted;
      return [short, value.tag === TAG.BMP_STRING ? wideText(der, value) : textOf(der, value)];
    }),
  );
}

/** Two bytes a letter, as UTF-8 in a byte string. */
function wideText(der: Uint8Array, { from, to }: Value): string {
  let text = "";
  for (let at = from; at + 1 < to; at += 2) text += String.fromCharCode((der[at] ?? 0) * 256 + (der[at + 1] ?? 0));
  return textOf(new TextEncoder().encode(text), { from: 0, to: new TextEncoder().encode(text).length });
}
