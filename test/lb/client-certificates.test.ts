/** Certificates of clients and servers: HAProxy and ha-lb on the same files. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer, type Server } from "node:tls";
import { freePorts } from "../../shared/lab/free-port.ts";
import { HAS_HAPROXY, type Pair, startPair } from "./pair.ts";

const HAS_OPENSSL = Bun.which("openssl") !== null;

let folder = "";
const at = (name: string): string => join(folder, name);

function openssl(...words: readonly string[]): void {
  const made = Bun.spawnSync(["openssl", ...words], { cwd: folder });
  if (made.exitCode !== 0) throw new Error(made.stderr.toString());
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

function makeAuthority(name: string): void {
  const to = ["-keyout", `${name}.key`, "-out", `${name}.crt`, "-subj", `/C=DE/O=Authority/CN=${name}`, "-days", "30"];
  openssl("req", "-x509", ...NEW_KEY, ...to);
}

function makeCertificate(name: string, subject: string, authority: string, serial: string, days = "30"): void {
  openssl("req", ...NEW_KEY, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", subject);
  writeFileSync(at(`${name}.ext`), `subjectAltName=DNS:${name}.example\n`);
  const from = ["-req", "-in", `${name}.csr`, "-CA", `${authority}.crt`, "-CAkey", `${authority}.key`];
  openssl("x509", ...from, "-set_serial", serial, "-days", days, "-extfile", `${name}.ext`, "-out", `${name}.crt`);
  writeFileSync(at(`${name}.pem`), readFileSync(at(`${name}.crt`), "utf8") + readFileSync(at(`${name}.key`), "utf8"));
}

/** An authority below another one. */
function makeIntermediate(name: string, above: string): void {
  openssl("req", ...NEW_KEY, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/O=Authority/CN=${name}`);
  writeFileSync(at(`${name}.ext`), "basicConstraints=critical,CA:TRUE\n");
  const from = ["-req", "-in", `${name}.csr`, "-CA", `${above}.crt`, "-CAkey", `${above}.key`, "-set_serial", "77"];
  openssl("x509", ...from, "-days", "30", "-extfile", `${name}.ext`, "-out", `${name}.crt`);
}

function makeRevocationList(): void {
  writeFileSync(at("index.txt"), "");
  writeFileSync(at("crlnumber"), "01\n");
  writeFileSync(
    at("ca.cnf"),
    "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ncrlnumber=crlnumber\ndefault_md=sha256\ndefault_crl_days=10000\n",
  );
  const by = ["ca", "-config", "ca.cnf", "-cert", "ca.crt", "-keyfile", "ca.key"];
  openssl(...by, "-revoke", "revoked.crt");
  openssl(...by, "-gencrl", "-out", "list.crl");
}

/** What a client with this certificate gets for a request, or that there is nothing. */
async function visit(port: number, who: string | undefined, name = "one.example"): Promise<string> {
  const own = who === undefined ? {} : { cert: readFileSync(at(`${who}.crt`)), key: readFileSync(at(`${who}.key`)) };
  return await new Promise((resolve) => {
    let text = "";
    const options = { host: "127.0.0.1", port, servername: name, rejectUnauthorized: false, ...own };
    const socket = connect(options, () => socket.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    socket.on("data", (data: Buffer) => {
      text += data.toString("latin1");
    });
    socket.on("error", () => undefined);
    socket.on("close", () =>
      resolve(text === "" ? "refused" : `${text.slice(9, 12)} ${text.split("\r\n\r\n")[1] ?? ""}`),
    );
  });
}

const FETCHES = [
  "ssl_c_used",
  "ssl_c_verify",
  "ssl_c_s_dn",
  "ssl_c_s_dn(CN)",
  "ssl_c_s_dn(OU,2)",
  "ssl_c_s_dn(OU,-1)",
  "ssl_c_s_dn(,0,rfc2253)",
  "ssl_c_i_dn",
  "ssl_c_i_dn(O)",
  "ssl_c_serial,hex",
  "ssl_c_sha1,hex",
  "ssl_c_notbefore",
  "ssl_c_notafter",
  "ssl_c_key_alg",
  "ssl_c_sig_alg",
  "ssl_c_version",
  "ssl_c_der,sha1,hex",
  "ssl_c_chain_der,hex",
  "ssl_fc",
  "ssl_fc_has_crt",
  "ssl_fc_has_sni",
  "ssl_fc_sni",
  "ssl_fc_protocol",
  "ssl_fc_is_resumed",
  "ssl_f_s_dn",
  "ssl_f_i_dn(CN)",
  "ssl_f_serial,hex",
  "ssl_f_sha1,hex",
  "ssl_f_notafter",
  "ssl_f_key_alg",
];
const SHOWN = FETCHES.map((name) => `${name}=%[${name}]`).join(" ");
const CLIENTS = [undefined, "ann", "bob", "revoked", "stranger", "expired", "chained", "below"];

const BINDS: readonly (readonly [string, string])[] = [
  ["optional", "verify optional ca-file ca.crt"],
  ["required", "verify required ca-file ca.crt"],
  ["errors ignored", "verify optional ca-file ca.crt crt-ignore-err all ca-ignore-err all"],
  ["required, errors ignored", "verify required ca-file ca.crt crt-ignore-err all ca-ignore-err all"],
  ["one error ignored", "verify optional ca-file ca.crt crt-ignore-err 10"],
  ["revocation", "verify required ca-file ca.crt crl-file list.crl"],
  ["an intermediate authority without its root", "verify optional ca-file between.crt crt-ignore-err all"],
  ["an intermediate authority", "verify required ca-file between.crt ca-verify-file ca.crt"],
  ["authorities that no client hears of", "verify required ca-verify-file ca.crt"],
  [
    "revocation by one of them",
    "verify required ca-file between.crt ca-verify-file ca.crt crl-file list.crl ca-ignore-err all crt-ignore-err 3",
  ],
  ["revocation ignored", "verify optional ca-file ca.crt crl-file list.crl crt-ignore-err all ca-ignore-err all"],
];

const SERVERS: readonly (readonly [string, string])[] = [
  ["nothing verified", "ssl verify none"],
  ["its authority", "ssl verify required ca-file ca.crt"],
  ["another authority", "ssl verify required ca-file other.crt"],
  ["its name", "ssl verify required ca-file ca.crt verifyhost one.example"],
  ["another name", "ssl verify required ca-file ca.crt verifyhost two.example"],
  ["a name by sni", "ssl verify required ca-file ca.crt sni str(one.example)"],
  ["another name by sni", "ssl verify required ca-file ca.crt sni str(two.example)"],
  ["sni of the client", "ssl verify none sni ssl_fc_sni"],
  ["verifyhost over sni", "ssl verify required ca-file ca.crt sni str(two.example) verifyhost one.example"],
  ["revocation", "ssl verify required ca-file ca.crt crl-file list.crl"],
  ["a certificate of its own", "ssl verify none crt ann.pem"],
];

describe.skipIf(!HAS_HAPROXY || !HAS_OPENSSL)("certificates in use (needs haproxy, openssl)", () => {
  let server: Server;
  let serverPort = 0;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "lb-certificates-"));
    makeAuthority("ca");
    makeAuthority("other");
    makeCertificate("one", "/CN=one.example", "ca", "1");
    makeCertificate("ann", "/C=FR/O=Ex/OU=first/OU=second/CN=ann/emailAddress=ann@b.c", "ca", "0x80ff12");
    makeCertificate("bob", "/CN=B, ob/O=a;b", "ca", "3");
    makeCertificate("revoked", "/CN=revoked", "ca", "4");
    makeCertificate("stranger", "/CN=stranger", "other", "5");
    makeCertificate("expired", "/CN=expired", "ca", "6", "0");
    makeRevocationList();
    makeIntermediate("between", "ca");
    makeCertificate("below", "/CN=below", "between", "8");
    makeCertificate("chained", "/CN=chained", "ca", "7");
    writeFileSync(at("chained.crt"), readFileSync(at("chained.crt"), "utf8") + readFileSync(at("ca.crt"), "utf8"));
    const own = { cert: readFileSync(at("one.crt")), key: readFileSync(at("one.key")), ca: readFileSync(at("ca.crt")) };
    server = createServer({ ...own, requestCert: true, rejectUnauthorized: false }, (socket) => {
      socket.on("error", () => undefined);
      socket.on("data", () => {
        const { subject } = socket.getPeerCertificate() as { readonly subject?: { readonly CN?: string } };
        const asked: unknown = Reflect.get(socket, "servername");
        const body = `${String(asked)} ${subject?.CN ?? "nobody"}`;
        socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
      });
    });
    [serverPort = 0] = await freePorts(1);
    await new Promise<void>((resolve) => void server.listen(serverPort, "127.0.0.1", resolve));
  });
  afterAll(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });

  test("what clients show", async () => {
    const ports = await freePorts(2 * BINDS.length);
    const frontend = ([name, words]: readonly [string, string], port: number): string =>
      `frontend ${name.replaceAll(/\W/g, "-")}\n bind 127.0.0.1:${port} ssl crt ${at("one.pem")} ${words.replaceAll(
        /(ca-file|ca-verify-file|crl-file) /g,
        `$1 ${folder}/`,
      )}\n http-request return status 200 content-type text/plain lf-string "${SHOWN}"\n`;
    const text = (side: number) => (port: number) =>
      `defaults\n mode http\n timeout connect 20s\n timeout client 20s\n timeout server 20s\n${BINDS.map((bind, index) => frontend(bind, ports[2 * index + side] ?? 0)).join("")}listen probe\n bind 127.0.0.1:${port}\n`;
    let side = -1;
    const pair: Pair = await startPair((port) => text((side += 1))(port));
    try {
      for (const [index, [name]] of BINDS.entries()) {
        for (const who of CLIENTS) {
          const theirs = await visit(ports[2 * index] ?? 0, who);
          const ours = await visit(ports[2 * index + 1] ?? 0, who);
          expect(`${name}, ${who}: ${ours}`).toBe(`${name}, ${who}: ${theirs}`);
        }
      }
    } finally {
      await pair.stop();
    }
  });

  test("what servers show", async () => {
    const ports = await freePorts(2 * SERVERS.length);
    const listen = ([name, words]: readonly [string, string], port: number): string =>
      `listen ${name.replaceAll(/\W/g, "-")}\n bind 127.0.0.1:${port} ssl crt ${at("one.pem")}\n server s 127.0.0.1:${serverPort} ${words.replaceAll(/(?<= )(ca-file|crl-file|crt) /g, `$1 ${folder}/`)}\n`;
    const text = (side: number) => (port: number) =>
      `defaults\n mode http\n timeout connect 20s\n timeout client 20s\n timeout server 20s\n retries 0\n${SERVERS.map((server, index) => listen(server, ports[2 * index + side] ?? 0)).join("")}listen probe\n bind 127.0.0.1:${port}\n`;
    let side = -1;
    const pair: Pair = await startPair((port) => text((side += 1))(port));
    try {
      const answers = async (offset: number): Promise<readonly string[]> => {
        const list: string[] = [];
        for (const [index, [name]] of SERVERS.entries()) {
          const answer = await visit(ports[2 * index + offset] ?? 0, undefined);
          list.push(`${name}: ${answer.startsWith("503") ? "503" : answer}`);
        }
        return list;
      };
      expect(await answers(1)).toEqual(await answers(0));
    } finally {
      await pair.stop();
    }
  });

  test("sessions towards servers are taken up again", async () => {
    const words = ["verify none", `verify required ca-file ${at("ca.crt")}`, "verify none no-ssl-reuse"];
    const versions = ["ssl-max-ver TLSv1.2", "ssl-min-ver TLSv1.3"];
    const cases = words.flatMap((word) => versions.map((version) => `${word} ${version}`));
    const ports = await freePorts(2 * cases.length + 2);
    const text = (side: number) => (port: number) =>
      `global\n nbthread 1\ndefaults\n mode http\n option httpclose\n timeout connect 20s\n timeout client 20s\n timeout server 20s\nfrontend end\n bind 127.0.0.1:${ports[side]} ssl crt ${at("one.pem")}\n http-request return status 200 content-type text/plain lf-string %[ssl_fc_is_resumed]\n${cases.map((one, index) => `listen l${index}\n bind 127.0.0.1:${ports[2 + 2 * index + side]} ssl crt ${at("one.pem")}\n server s 127.0.0.1:${ports[side]} ssl ${one}\n`).join("")}listen probe\n bind 127.0.0.1:${port}\n`;
    let side = -1;
    const pair: Pair = await startPair((port) => text((side += 1))(port));
    try {
      const answers = async (offset: number): Promise<readonly string[]> => {
        const list: string[] = [];
        for (const [index, one] of cases.entries()) {
          for (let round = 0; round < 3; round += 1)
            list.push(`${one}: ${await visit(ports[2 + 2 * index + offset] ?? 0, undefined)}`);
        }
        return list;
      };
      const ours = await answers(1);
      expect(ours.filter((answer) => answer.endsWith("200 1"))).toHaveLength(8);
      expect(ours).toEqual(await answers(0));
    } finally {
      await pair.stop();
    }
  });
});
