/** Which certificate a client gets for the name it asks for: HAProxy and ha-lb on the same files. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type ConnectionOptions } from "node:tls";
import { HAS_HAPROXY, type Pair, startPair } from "./pair.ts";
import { freePorts } from "../../shared/lab/free-port.ts";

const HAS_OPENSSL = Bun.which("openssl") !== null;

/** One key of each kind is enough for all. */
function makeKeys(folder: string): void {
  const keys = {
    ecdsa: generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey,
    rsa: generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey,
  };
  for (const [kind, key] of Object.entries(keys))
    writeFileSync(join(folder, `${kind}.private`), key.export({ type: "pkcs8", format: "pem" }));
}

function makeCertificate(
  folder: string,
  file: string,
  names: readonly string[],
  kind: "ecdsa" | "rsa" = "ecdsa",
): void {
  const key = join(folder, `${kind}.private`);
  const what = [
    "-key",
    key,
    "-subj",
    `/CN=${names[0]}`,
    "-addext",
    `subjectAltName=${names.map((name) => `DNS:${name}`).join(",")}`,
  ];
  const made = Bun.spawnSync(["openssl", "req", "-x509", "-days", "30", ...what]);
  if (made.exitCode !== 0) throw new Error(made.stderr.toString());
  writeFileSync(join(folder, file), made.stdout.toString() + readFileSync(key, "utf8"));
}

/** The common name that the server shows and the bits of its key, or why there is none. `how`: what is understood. */
async function shown(port: number, name: string | undefined, how: ConnectionOptions = {}): Promise<string> {
  return await new Promise((resolve) => {
    const asked = name === undefined ? {} : { servername: name };
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false, ...asked, ...how }, () => {
      const { bits, subject } = socket.getPeerCertificate();
      const common = subject.CN;
      // A server may end it right after the handshake: only an answer counts.
      socket.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
      socket.once("data", () => {
        resolve(typeof common === "string" ? `${common} ${bits}` : "several names");
        socket.destroy();
      });
    });
    socket.on("error", () => resolve("refused"));
    socket.on("close", () => resolve("refused"));
  });
}

/** HAProxy shows no RSA certificate to who has no signature of RSA's older form, and no ECDSA one to TLS 1.3 alone. */
const CLIENTS: readonly ConnectionOptions[] = [
  {},
  { maxVersion: "TLSv1.2" },
  { sigalgs: "rsa_pss_rsae_sha256:rsa_pkcs1_sha256" },
  { sigalgs: "ecdsa_secp256r1_sha256" },
  { maxVersion: "TLSv1.2", sigalgs: "rsa_pss_rsae_sha256:rsa_pkcs1_sha256" },
  { maxVersion: "TLSv1.2", ciphers: "ECDHE-RSA-AES128-GCM-SHA256" },
];

/** Certificates with keys of both kinds; the first is the one that clients without a name get. */
const BOTH_KINDS: readonly string[] = [
  // two files of one name
  "crt both/a.pem crt both/b.pem",
  // the same in a folder
  "crt both",
  "crt bundle/site.pem",
  "crt-list bundles.txt",
  // names with one kind each
  "crt both/b.pem crt one.pem crt wild-rsa.pem crt wild.pem",
  // a wildcard beside a name's own
  "crt sub-rsa.pem crt wild.pem strict-sni",
  "crt-list exceptions.txt",
  "crt bundle/site.pem strict-sni",
];

const NAMES = [
  "one.example",
  "two.example",
  "TWO.example",
  "sub.wild.example",
  "wild.example",
  "not.wild.example",
  "a.sub.wild.example",
  "other.example",
  undefined,
];

const BINDS: readonly string[] = [
  "crt one.pem crt two.pem crt wild.pem",
  "crt folder",
  "crt-list exceptions.txt",
  "crt-list exceptions.txt strict-sni",
  "crt-list list.txt",
  "crt one.pem crt two.pem strict-sni",
];

describe.skipIf(!HAS_HAPROXY || !HAS_OPENSSL)("certificates by name (needs haproxy, openssl)", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "lb-names-"));
    makeKeys(folder);
    makeCertificate(folder, "one.pem", ["one.example"]);
    makeCertificate(folder, "two.pem", ["two.example", "zwei.example"]);
    makeCertificate(folder, "wild.pem", ["*.wild.example"]);
    for (const name of ["folder", "both", "bundle"]) mkdirSync(join(folder, name));
    for (const name of ["one.pem", "two.pem", "wild.pem"])
      copyFileSync(join(folder, name), join(folder, "folder", name));
    // Neither counts.
    writeFileSync(join(folder, "folder", ".hidden"), "this is no certificate");
    mkdirSync(join(folder, "folder", "below"));
    makeCertificate(folder, "sub-rsa.pem", ["sub.wild.example"], "rsa");
    makeCertificate(folder, "wild-rsa.pem", ["*.wild.example"], "rsa");
    makeCertificate(folder, "both/a.pem", ["two.example"], "rsa");
    makeCertificate(folder, "both/b.pem", ["two.example", "zwei.example"]);
    makeCertificate(folder, "bundle/site.pem.rsa", ["two.example"], "rsa");
    makeCertificate(folder, "bundle/site.pem.ecdsa", ["two.example"]);
    writeFileSync(join(folder, "list.txt"), "one.pem\ntwo.pem other.example\nwild.pem [ssl-min-ver TLSv1.2]\n");
    writeFileSync(join(folder, "bundles.txt"), "one.pem\nbundle/site.pem [alpn http/1.1] two.example\n");
    const excepts = "one.pem\nwild.pem *.wild.example !not.wild.example !sub.wild.example\ntwo.pem !x.example\n";
    writeFileSync(join(folder, "exceptions.txt"), `${excepts}wild-rsa.pem *.wild.example !sub.wild.example\n`);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Starts both with these words on the `bind` line of a frontend each, and asks what they show. */
  async function compare(binds: readonly string[], ask: (port: number) => Promise<readonly string[]>): Promise<void> {
    const ports = await freePorts(2 * binds.length);
    const portsOf = (side: number): readonly number[] => ports.filter((_port, index) => index % 2 === side);
    let side = -1;
    const pair: Pair = await startPair((port) => {
      side += 1;
      const frontends = portsOf(side).map((own, index) => {
        const words = binds[index]?.replaceAll(/(crt folder|crt-list )/g, (word) =>
          word === "crt folder" ? `crt ${folder}/folder` : `crt-list ${folder}/`,
        );
        return `frontend f${index}\n bind 127.0.0.1:${own} ssl ${words}\n http-request return status 200 content-type text/plain string hello\n`;
      });
      const times = " timeout connect 20s\n timeout client 20s\n timeout server 20s\n";
      return `global\n crt-base ${folder}\ndefaults\n mode http\n${times}${frontends.join("")}listen probe\n bind 127.0.0.1:${port}\n`;
    });
    try {
      for (const [index, words] of binds.entries()) {
        const [theirs = 0, ours = 0] = [portsOf(0)[index], portsOf(1)[index]];
        expect({ words, shown: await ask(ours) }).toEqual({ words, shown: await ask(theirs) });
      }
    } finally {
      await pair.stop();
    }
  }

  test("by name", async () => {
    await compare(BINDS, (port) => Promise.all(NAMES.map(async (name) => `${name}: ${await shown(port, name)}`)));
  });

  test("by name and kind of key", async () => {
    await compare(BOTH_KINDS, async (port) => {
      const asked = ["two.example", "sub.wild.example", "x.wild.example", undefined].flatMap((name) =>
        CLIENTS.map((how) => ({ name, how })),
      );
      return await Promise.all(
        asked.map(async ({ name, how }) => `${name} ${JSON.stringify(how)}: ${await shown(port, name, how)}`),
      );
    });
  });
});
