/** A name server for tests: it answers from a zone, or misbehaves as told. */
import { createServer, type Server } from "node:net";
import { freePort } from "../../shared/lab/free-port.ts";

export type DnsMode = "answers" | "silent" | "nx" | "refused" | "fails" | "truncates" | "lies" | "junk";

const TYPES: Readonly<Record<number, string>> = { 1: "A", 28: "AAAA", 33: "SRV" };
const short = (value: number): number[] => [value >> 8, value & 255];
const nameBytes = (name: string): number[] => [
  ...name.split(".").flatMap((label) => [label.length, ...Buffer.from(label)]),
  0,
];

export class DnsServer {
  mode: DnsMode = "answers";
  /** Texts of records by `name TYPE`: addresses, or `priority weight port target`. */
  readonly zone = new Map<string, readonly string[]>();
  asked = 0;
  askedOverTcp = 0;

  port = 0;
  private stopAll: () => void = () => undefined;

  static async start(): Promise<DnsServer> {
    const server = new DnsServer();
    const tcp: Server = createServer((socket) => {
      socket.on("error", () => undefined);
      let question: Buffer = Buffer.alloc(0);
      socket.on("data", (data) => {
        question = Buffer.concat([question, data]);
        if (question.length < 2 || question.length < 2 + question.readUInt16BE(0)) return;
        const whole = question.subarray(2);
        question = Buffer.alloc(0);
        server.askedOverTcp += 1;
        for (const answer of server.answers(whole, true)) {
          // In two pieces, as a slow network brings it.
          const reply = Buffer.concat([Buffer.from(short(answer.length)), answer]);
          socket.write(reply.subarray(0, 1));
          setTimeout(() => void socket.write(reply.subarray(1)), 5);
        }
      });
    });
    // One number for both: freePort gives one that neither has.
    server.port = await freePort();
    await new Promise<void>((resolve) => void tcp.listen(server.port, "127.0.0.1", resolve));
    const udp = await Bun.udpSocket({
      hostname: "127.0.0.1",
      port: server.port,
      socket: {
        // Who asked may be gone when the answer comes: the kernel tells of it.
        error: () => undefined,
        data(socket, data, port, from) {
          server.asked += 1;
          for (const answer of server.answers(data, false)) socket.send(answer, port, from);
        },
      },
    });
    server.stopAll = () => {
      udp.close();
      tcp.close();
    };
    return server;
  }

  stop(): void {
    this.stopAll();
  }

  private answers(query: Buffer, overTcp: boolean): readonly Buffer[] {
    const end = query.indexOf(0, 12);
    const question = query.subarray(12, end + 5);
    const name = this.nameOf(query);
    const type = TYPES[query.readUInt16BE(end + 1)] ?? "";
    const records = this.zone.get(`${name} ${type}`) ?? [];
    const exists = [...this.zone.keys()].some((key) => key.startsWith(`${name} `));
    const reply = (code: number, given: readonly string[], flags = 0x81): Buffer =>
      Buffer.concat([
        query.subarray(0, 2),
        Buffer.from([flags, 0x80 | code, 0, 1, ...short(given.length), 0, 0, 0, 0]),
        question,
        ...given.map((text) => recordBytes(type, text)),
      ]);
    switch (this.mode) {
      case "silent":
        return [];
      case "nx":
        return [reply(3, [])];
      case "refused":
        return [reply(5, [])];
      case "fails":
        return [reply(2, [])];
      case "junk":
        return [Buffer.from("this is no message"), Buffer.concat([query.subarray(0, 2), Buffer.alloc(40, 0xc0)])];
      case "lies": {
        // Wrong id, wrong question, no reply at all: each with an address that nobody may believe.
        const lie = (change: (bytes: Buffer) => void): Buffer => {
          const bytes = reply(0, type === "A" ? ["127.66.6.6"] : []);
          change(bytes);
          return bytes;
        };
        return [
          lie((bytes) => bytes.writeUInt16BE(bytes.readUInt16BE(0) ^ 1, 0)),
          lie((bytes) => bytes.writeUInt8(0x61, 13)),
          lie((bytes) => bytes.writeUInt8(0x01, 2)),
        ];
      }
      case "truncates":
        if (!overTcp) return [reply(0, [], 0x83)];
        return [reply(exists ? 0 : 3, records)];
      case "answers":
        return [reply(exists ? 0 : 3, records)];
    }
  }

  private nameOf(query: Buffer): string {
    const labels: string[] = [];
    for (let at = 12; (query[at] ?? 0) > 0; at += 1 + (query[at] ?? 0)) {
      labels.push(query.subarray(at + 1, at + 1 + (query[at] ?? 0)).toString());
    }
    return labels.join(".").toLowerCase();
  }
}

function recordBytes(type: string, text: string): Buffer {
  const head = (number: number, data: number[]): Buffer =>
    Buffer.from([0xc0, 12, ...short(number), 0, 1, 0, 0, 0, 1, ...short(data.length), ...data]);
  if (type === "A") return head(1, text.split(".").map(Number));
  if (type === "AAAA") {
    const groups =
      text === "::1" ? [0, 0, 0, 0, 0, 0, 0, 1] : text.split(":").map((group) => Number.parseInt(group, 16));
    return head(28, groups.flatMap(short));
  }
  const [priority = "0", weight = "0", port = "0", target = ""] = text.split(" ");
  return head(33, [priority, weight, port].flatMap((word) => short(Number(word))).concat(nameBytes(target)));
}
