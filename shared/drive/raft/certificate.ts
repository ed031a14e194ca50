import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hkdfSync,
  randomBytes,
  sign,
  type KeyObject,
  X509Certificate,
} from "node:crypto";

/**
 * The cluster's own small certificate authority. One cluster key is made at set-up and given to every node; from it each
 * node makes, at every start, a certificate of its own name. Only such certificates are accepted between nodes.
 * X.509 v3 as RFC 5280 has it, keys ECDSA P-256, written as DER by hand: there is nothing here to negotiate.
 */
export interface ClusterKey {
  /** PKCS #8 PEM of the authority's private key: the one secret. */
  readonly privateKeyPem: string;
  readonly authorityPem: string;
}
export interface NodeCertificate {
  readonly keyPem: string;
  readonly certificatePem: string;
}

const VALID_FROM = "20000101000000Z";
/** RFC 5280 §4.1.2.5: no well-defined end. A host with a wrong clock must still be able to join. */
const VALID_TO = "99991231235959Z";
const OID_ECDSA_SHA256 = "2a8648ce3d040302";
const OID_COMMON_NAME = "550403";
const OID_BASIC_CONSTRAINTS = "551d13";
const OID_SUBJECT_ALT_NAME = "551d11";
const MAX_DER_LENGTH = 0xffff;

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  if (body.length > MAX_DER_LENGTH) throw new Error("a certificate field is too long");
  const { length } = body;
  const head =
    length < 128 ? [tag, length] : length < 256 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from(head), body]);
}

const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts);
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, "hex"));
const utf8 = (text: string): Buffer => der(0x0c, Buffer.from(text));
const nameOf = (commonName: string): Buffer => sequence(der(0x31, sequence(oid(OID_COMMON_NAME), utf8(commonName))));

function certificatePem(
  subject: string,
  publicKey: KeyObject,
  issuer: string,
  issuerKey: KeyObject,
  authority: boolean,
): string {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  const algorithm = sequence(oid(OID_ECDSA_SHA256));
  const validity = sequence(der(0x18, Buffer.from(VALID_FROM)), der(0x18, Buffer.from(VALID_TO)));
  const isAuthority = sequence(der(0x01, Buffer.from([0xff])));
  const constraints = sequence(
    oid(OID_BASIC_CONSTRAINTS),
    der(0x01, Buffer.from([0xff])),
    der(0x04, authority ? isAuthority : sequence()),
  );
  const names = sequence(oid(OID_SUBJECT_ALT_NAME), der(0x04, sequence(der(0x82, Buffer.from(subject)))));
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, serial),
    algorithm,
    nameOf(issuer),
    validity,
    nameOf(subject),
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(constraints, names)),
  );
  const signature = sign("sha256", body, issuerKey);
  const whole = sequence(body, algorithm, der(0x03, Buffer.from([0]), signature));
  const lines = whole.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

const AUTHORITY_NAME = "fivenines cluster";

/** While keys are changed two authorities are known: each needs a name of its own, by which a certificate finds its own. */
function authorityName(publicKey: KeyObject): string {
  const digest = createHash("sha256").update(publicKey.export({ type: "spki", format: "der" }));
  return `${AUTHORITY_NAME} ${digest.digest("hex").slice(0, 16)}`;
}

/** The common name in the authority's certificate. */
function nameOfAuthority(authorityPem: string): string {
  const { subject } = new X509Certificate(authorityPem);
  return subject.slice(subject.indexOf("CN=") + 3);
}

/** Makes the key of a new cluster. It is a secret: keep it in a file that only the daemon reads. */
export function createClusterKey(): ClusterKey {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = authorityName(publicKey);
  return {
    privateKeyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    authorityPem: certificatePem(name, publicKey, name, privateKey, true),
  };
}

/** Makes a fresh key and certificate for one node. */
export function createNodeCertificate(cluster: ClusterKey, node: string): NodeCertificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuerKey = createPrivateKey(cluster.privateKeyPem);
  return {
    keyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    certificatePem: certificatePem(node, publicKey, nameOfAuthority(cluster.authorityPem), issuerKey, false),
  };
}

/** The shared key of the heartbeat datagrams (HKDF-SHA256, RFC 5869, of the cluster's private key). */
export function datagramKey(cluster: ClusterKey): Buffer {
  const secret = createPrivateKey(cluster.privateKeyPem).export({ type: "pkcs8", format: "der" });
  const salt = createPublicKey(cluster.privateKeyPem).export({ type: "spki", format: "der" });
  return Buffer.from(hkdfSync("sha256", secret, salt, "fivenines heartbeat v1", 32));
}
