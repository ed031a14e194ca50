import { afterEach, describe, expect, test } from "bun:test";
import { connect as connectTcp, type Socket } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import type { ReplicaMessage } from "../../effect/replica.ts";
import { createClusterKey, createNodeCertificate, type ClusterKey } from "./certificate.ts";
import { freePort } from "../../lab/free-port.ts";
import { until } from "../../lab/host.ts";
import { encodeFrame, MAX_FRAME_BYTES } from "./frames.ts";
import { Transport } from "./transport.ts";

/** Whoever reaches the port of a member, and what it can do there. */
const KEY = createClusterKey();
const NEWS: ReplicaMessage = { kind: "timeoutNow", term: 3 };

let cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of cleanup.reverse()) await end();
  cleanup = [];
});

interface Member {
  readonly transport: Transport;
  readonly port: number;
  readonly heard: { readonly from: string; readonly message: ReplicaMessage }[];
}

async function member(): Promise<Member> {
  const port = await freePort();
  const heard: Member["heard"] = [];
  const transport = await Transport.open({
    node: "n0",
    listen: { host: "127.0.0.1", port },
    clusterKey: KEY,
    peers: new Map(),
    onMessages: (from, messages) => heard.push(...messages.map((message) => ({ from, message }))),
  });
  cleanup.push(() => transport.close());
  return { transport, port, heard };
}

/** A TLS connection under a name that `cluster` vouches for; null: without a certificate. */
function dial(port: number, cluster: ClusterKey, name: string | null): TLSSocket {
  const certificate = name === null ? null : createNodeCertificate(cluster, name);
  const socket = connect({
    host: "127.0.0.1",
    port,
    ...(certificate === null ? {} : { key: certificate.keyPem, cert: certificate.certificatePem }),
    rejectUnauthorized: false,
    minVersion: "TLSv1.3",
  });
  socket.on("error", () => undefined);
  cleanup.push(() => socket.destroy());
  return socket;
}

const ready = (socket: TLSSocket): Promise<void> =>
  new Promise((resolve) => void socket.once("secureConnect", () => resolve()));
const closed = (socket: Socket): Promise<void> => new Promise((resolve) => void socket.once("close", () => resolve()));

describe("transport", () => {
  test("a member of the cluster is heard under the name of its certificate", async () => {
    const { port, heard } = await member();
    const socket = dial(port, KEY, "n1");
    await ready(socket);
    socket.write(encodeFrame([NEWS]));
    await until("the message", () => heard.length > 0);
    expect(heard).toEqual([{ from: "n1", message: NEWS }]);
  });

  test("without a certificate, or with another cluster's, nothing is heard, and it is counted", async () => {
    const { transport, port, heard } = await member();
    for (const [cluster, name] of [
      [KEY, null],
      [createClusterKey(), "n1"],
    ] as const) {
      const before = transport.refused.handshakes;
      const socket = dial(port, cluster, name);
      socket.on("secureConnect", () => socket.write(encodeFrame([NEWS])));
      await closed(socket);
      await until("it is counted", () => transport.refused.handshakes > before);
    }
    expect(heard).toEqual([]);
  });

  test("what is no TLS is refused", async () => {
    const { transport, port } = await member();
    const socket = connectTcp({ host: "127.0.0.1", port });
    socket.on("error", () => undefined);
    socket.write("GET / HTTP/1.0\r\n\r\n".repeat(20));
    await closed(socket);
    await until("it is counted", () => transport.refused.handshakes > 0);
  });

  const frame = (text: string): Buffer => {
    const body = Buffer.from(text);
    const head = Buffer.alloc(4);
    head.writeUInt32BE(body.length);
    return Buffer.concat([head, body]);
  };
  const tooLong = Buffer.alloc(4);
  tooLong.writeUInt32BE(MAX_FRAME_BYTES + 1);
  for (const [what, bytes] of [
    ["a frame that is too long", tooLong],
    ["a frame that is no JSON", frame("{[")],
    ["a frame that is no list", frame('{"kind":"timeoutNow","term":3}')],
    ["an unknown kind of message", frame('[{"kind":"format","term":3}]')],
    ["a message without its fields", frame('[{"kind":"append","term":3}]')],
    ["a term that is no number", frame('[{"kind":"timeoutNow","term":"3"}]')],
    [
      "a command that no store knows",
      frame('[{"kind":"forward","id":1,"request":{"kind":"write","command":{"op":"x"}}}]'),
    ],
    ["a good message before a bad one", frame(`[${JSON.stringify(NEWS)},7]`)],
  ] as const) {
    test(`${what} breaks the connection, is counted, and reaches nobody`, async () => {
      const { transport, port, heard } = await member();
      const socket = dial(port, KEY, "n1");
      await ready(socket);
      socket.write(bytes);
      await closed(socket);
      expect(transport.refused.frames).toBe(1);
      const again = dial(port, KEY, "n1");
      await ready(again);
      again.write(encodeFrame([NEWS]));
      await until("the next connection is heard", () => heard.length > 0);
      expect(heard).toEqual([{ from: "n1", message: NEWS }]);
    });
  }

  test("a node has one connection: a newer one takes the place of the older", async () => {
    const { port, heard } = await member();
    const older = dial(port, KEY, "n1");
    await ready(older);
    older.write(encodeFrame([NEWS]));
    await until("the first is heard", () => heard.length === 1);
    const newer = dial(port, KEY, "n1");
    await Promise.all([ready(newer), closed(older)]);
    newer.write(encodeFrame([NEWS]));
    await until("the second is heard", () => heard.length === 2);
  });

  test("frames that come byte by byte, or many at once, are the same frames", async () => {
    const { port, heard } = await member();
    const socket = dial(port, KEY, "n1");
    await ready(socket);
    const terms = [1, 2, 3, 4, 5];
    const bytes = Buffer.concat(terms.map((term) => encodeFrame([{ kind: "timeoutNow", term }])));
    for (const byte of bytes.subarray(0, 60)) socket.write(Buffer.from([byte]));
    socket.write(bytes.subarray(60));
    await until("all are heard", () => heard.length === terms.length);
    expect(heard.map(({ message }) => ("term" in message ? message.term : null))).toEqual(terms);
  });

  test("crowds at the door are turned away, and members get in again afterwards", async () => {
    const { transport, port, heard } = await member();
    const crowd = Array.from({ length: 200 }, () => {
      const socket = connectTcp({ host: "127.0.0.1", port });
      socket.on("error", () => undefined);
      cleanup.push(() => socket.destroy());
      return socket;
    });
    await until("some are turned away", () => transport.refused.handshakes > 0);
    for (const socket of crowd) socket.destroy();
    // One after the other: a newer connection would end an older one.
    await until("a member gets in", async () => {
      const socket = dial(port, KEY, "n1");
      const isIn = await Promise.race([ready(socket).then(() => true), closed(socket).then(() => false)]);
      if (isIn) socket.write(encodeFrame([NEWS]));
      const isOver = closed(socket).then(() => true);
      while (isIn && heard.length === 0 && !(await Promise.race([isOver, Bun.sleep(5).then(() => false)])));
      return heard.length > 0;
    });
  });
});
