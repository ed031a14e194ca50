/** `maxsslconn`: HAProxy and ha-lb on one configuration. Connections of clients and to servers count alike. */
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { freePorts } from "../../shared/lab/free-port.ts";
import { until } from "../../shared/lab/host.ts";
import { exchange, HAS_HAPROXY, startPair } from "./pair.ts";

const REQUEST = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
const HAS_OPENSSL = Bun.which("openssl") !== null;
/** HAProxy leaves who finds no place waiting without a word. */
const SILENCE_MS = 1500;

/** A client that was served, or nothing when it was turned away. */
async function enter(port: number): Promise<TLSSocket | undefined> {
  return await new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
      clearTimeout(silence);
      // A server may end it right after the handshake: only an answer counts.
      socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
      socket.once("data", () => resolve(socket));
    });
    const silence = setTimeout(() => {
      socket.destroy();
      resolve(undefined);
    }, SILENCE_MS);
    socket.on("error", () => resolve(undefined));
    socket.on("close", () => resolve(undefined));
  });
}

/** Tries until there is a place. */
async function untilEntered(port: number): Promise<TLSSocket> {
  let entered: TLSSocket | undefined;
  await until("a place is free", async () => (entered = await enter(port)) !== undefined);
  if (entered === undefined) throw new Error("it was not let in");
  return entered;
}

/** Of a request that goes on over TLS: is it served? */
async function isServed(port: number): Promise<boolean> {
  return (await exchange(port, REQUEST)).startsWith("HTTP/1.1 200");
}

test.skipIf(!HAS_HAPROXY || !HAS_OPENSSL)(
  "maxsslconn (needs haproxy, openssl)",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "lb-places-"));
    const [pem, ports] = [join(folder, "pem"), await freePorts(4)];
    const words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=x";
    const made = Bun.spawnSync(["openssl", ...words.split(" "), "-keyout", join(folder, "key")]);
    writeFileSync(pem, made.stdout.toString() + (await Bun.file(join(folder, "key")).text()));
    let side = -1;
    const times = " timeout connect 1s\n timeout client 60s\n timeout server 60s\n";
    const pair = await startPair((port) => {
      side += 1;
      const [own = 0, through = 0] = ports.slice(2 * side);
      const defaults = `global\n maxsslconn 2\ndefaults\n mode http\n retries 0\n http-reuse never\n${times}`;
      const frontend = `frontend f\n bind 127.0.0.1:${own} ssl crt ${pem}\n http-request return status 200\n`;
      const listen = `listen l\n bind 127.0.0.1:${through}\n server s 127.0.0.1:${own} ssl verify none\n`;
      return `${defaults}listen probe\n bind 127.0.0.1:${port}\n${frontend}${listen}`;
    });
    try {
      for (const [own = 0, through = 0] of [ports.slice(0, 2), ports.slice(2)]) {
        // One place is this process's as the client, the other one its place as the server.
        await until("two places are free", async () => await isServed(through));
        const first = await untilEntered(own);
        expect(await isServed(through)).toBe(false);
        const second = await untilEntered(own);
        expect(await enter(own)).toBeUndefined();
        expect(await isServed(through)).toBe(false);
        first.destroy();
        second.destroy();
        await until("both places are free again", async () => await isServed(through));
      }
    } finally {
      await pair.stop();
      rmSync(folder, { recursive: true });
    }
  },
  120_000,
);
