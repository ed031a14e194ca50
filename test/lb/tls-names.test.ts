/** Which certificate a client gets for the name it asks for: HAProxy and ha-lb on the same files. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { HAS_HAPROXY, type Pair, startPair } from "./pair.ts";

const HAS_OPENSSL = Bun.which("openssl") !== null;

function makeCertificate(folder: string, file: string, names: readonly string[]): void {
  const san = names.map((name) => `DNS:${name}`).join(",");
  const kind = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30".split(" ");
  const to = ["-keyout", join(folder, "key"), "-out", join(folder, "crt"), "-subj", `/CN=${names[0]}`];
  const made = Bun.spawnSync(["openssl", ...kind, ...to, "-addext", `subjectAltName=${san}`]);
  if (made.exitCode !== 0) throw new Error(made.stderr.toString());
  const joined = Bun.spawnSync(["cat", join(folder, "crt"), join(folder, "key")]).stdout;
  writeFileSync(join(folder, file), joined);
}

/** The common name that the server shows, or why there is none. */
async function shown(port: number, name: string | undefined): Promise<string> {
  return await new Promise((resolve) => {
    const socket = connect(
      { host: "127.0.0.1", port, rejectUnauthorized: false, ...(name === undefined ? {} : { servername: name }) },
      () => {
        const common = socket.getPeerCertificate().subject.CN;
        // A server may end it right after the handshake: only an answer counts.
        socket.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        socket.once("data", () => {
          resolve(typeof common === "string" ? common : "several names");
          socket.destroy();
        });
      },
    );
    socket.on("error", () => resolve("refused"));
    socket.on("close", () => resolve("refused"));
  });
}

const NAMES = [
  "one.example",
  "two.example",
  "TWO.example",
  "sub.wild.example",
  "wild.example",
  "other.example",
  undefined,
];

const BINDS: readonly (readonly [string, string])[] = [
  ["several crt", "crt one.pem crt two.pem crt wild.pem"],
  ["a folder", "crt folder"],
  ["a list with filters", "crt-list list.txt"],
  ["strict-sni", "crt one.pem crt two.pem strict-sni"],
];

describe.skipIf(!HAS_HAPROXY || !HAS_OPENSSL)("certificates by name (needs haproxy, openssl)", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "lb-names-"));
    makeCertificate(folder, "one.pem", ["one.example"]);
    makeCertificate(folder, "two.pem", ["two.example", "zwei.example"]);
    makeCertificate(folder, "wild.pem", ["*.wild.example"]);
    Bun.spawnSync(["sh", "-c", `mkdir ${folder}/folder && cp ${folder}/*.pem ${folder}/folder/`]);
    writeFileSync(join(folder, "list.txt"), "one.pem\ntwo.pem other.example\nwild.pem [ssl-min-ver TLSv1.2]\n");
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  for (const [what, words] of BINDS) {
    test(
      what,
      async () => {
        const pair: Pair = await startPair(
          (port) => `global
 crt-base ${folder}
defaults
 mode http
 timeout connect 1s
 timeout client 2s
 timeout server 2s
frontend f
 bind 127.0.0.1:${port} ssl ${words.replace("crt folder", `crt ${folder}/folder`).replace("list.txt", `${folder}/list.txt`)}
 http-request return status 200 content-type text/plain string hello
`,
        );
        try {
          const theirs = await Promise.all(NAMES.map(async (name) => await shown(pair.peer.port, name)));
          const ours = await Promise.all(NAMES.map(async (name) => await shown(pair.ours.port, name)));
          expect(ours).toEqual(theirs);
        } finally {
          await pair.stop();
        }
      },
      20_000,
    );
  }
});
