/** The two sides of a connection, back to back: what one writes the other reads. */
import { describe, expect, test } from "bun:test";
import { ERROR, FRAME, frame, goAwayFrame, PREFACE, settingsFrame, SETTING, wordFrame } from "./frame.ts";
import { encodeHeaders } from "./hpack-encode.ts";
import { Session, type SessionEvents } from "./session.ts";
import { DEFAULT_SESSION_LIMITS } from "./session-limits.ts";
import type { Field } from "./static-table.ts";
import { type UpstreamEvents, UpstreamSession } from "./upstream-session.ts";

const GET: readonly Field[] = [
  [":method", "GET"],
  [":scheme", "http"],
  [":authority", "a"],
  [":path", "/"],
];
const LIMITS = { mostBytes: 16_384, mostFields: 101 };

/** What happened on the client's side, as text. */
class Client implements UpstreamEvents {
  readonly happened: string[] = [];
  readonly written: Buffer[] = [];
  readonly session = new UpstreamSession(this, LIMITS);
  deliver: ((bytes: Buffer) => void) | undefined;

  write(bytes: Buffer): void {
    this.written.push(bytes);
    this.deliver?.(bytes);
  }
  onHead(streamId: number, fields: readonly Field[], ended: boolean): void {
    this.happened.push(`head ${streamId} ${fields[0]?.[1]} ${ended}`);
  }
  onBody(streamId: number, bytes: Buffer, ended: boolean): void {
    this.happened.push(`body ${streamId} ${bytes.length} ${ended}`);
    this.session.consumed(streamId, bytes.length);
  }
  onReset(streamId: number, untouched: boolean): void {
    this.happened.push(`reset ${streamId} ${untouched}`);
  }
  onRoom(): void {
    this.happened.push("room");
  }
  onEndOfSession(): void {
    this.happened.push("end");
  }
}

function pairUp(): { client: Client; server: Session; seen: string[] } {
  const client = new Client();
  const seen: string[] = [];
  const events: SessionEvents = {
    write: (bytes) => client.session.feed(bytes),
    onRequest: (streamId, request, ended) => void seen.push(`request ${streamId} ${request.method} ${ended}`),
    onBody: (streamId, bytes, ended) => {
      seen.push(`body ${streamId} ${bytes.length} ${ended}`);
      server.consumed(streamId, bytes.length);
    },
    onReset: (streamId) => void seen.push(`reset ${streamId}`),
    onRoom: () => undefined,
    onEnd: () => void seen.push("end"),
  };
  const server = new Session(events, DEFAULT_SESSION_LIMITS, 0);
  client.deliver = (bytes) => server.feed(bytes, 0);
  client.session.start();
  server.start();
  return { client, server, seen };
}

describe("requests and answers", () => {
  test("a request without a body, and its answer in parts", () => {
    const { client, server, seen } = pairUp();
    const streamId = client.session.open(GET, true);
    expect(seen).toEqual(["request 1 GET true"]);
    server.respond(streamId, [[":status", "103"]], false);
    server.respond(streamId, [[":status", "200"]], false);
    server.send(streamId, Buffer.alloc(20_000), false);
    server.send(streamId, Buffer.alloc(0), true);
    expect(client.happened.filter((what) => what !== "room")).toEqual([
      "head 1 103 false",
      "head 1 200 false",
      "body 1 16384 false",
      "body 1 3616 false",
      "body 1 0 true",
    ]);
    client.session.close(streamId, true);
    expect(client.session.openStreams).toBe(0);
  });

  test("bodies are as large as the windows let them", () => {
    const { client, seen } = pairUp();
    const streamId = client.session.open(GET, false);
    let sent = 0;
    for (let round = 0; round < 100 && sent < 500_000; round += 1) {
      const room = Math.min(client.session.room(streamId), 500_000 - sent);
      expect(room).toBeGreaterThan(0);
      sent += room;
      client.session.send(streamId, Buffer.alloc(room), sent === 500_000);
    }
    const bodies = seen.filter((what) => what.startsWith("body 1 "));
    expect(bodies.reduce((sum, what) => sum + Number(what.split(" ")[2]), 0)).toBe(500_000);
    expect(bodies.at(-1)).toEndWith("true");
  });

  test("long heads are cut into frames", () => {
    const { client, seen } = pairUp();
    client.session.open([...GET, ["x-long", "y".repeat(14_000)]], true);
    expect(seen).toEqual(["request 1 GET true"]);
  });
});

describe("a server that leaves or breaks the rules", () => {
  const greeted = (): Client => {
    const client = new Client();
    client.session.start();
    client.session.feed(settingsFrame([]));
    client.happened.length = 0;
    return client;
  };

  test("it begins as the protocol wants", () => {
    const client = new Client();
    client.session.start();
    expect(client.written[0]?.equals(PREFACE)).toBe(true);
    expect(client.written[1]?.[3]).toBe(FRAME.SETTINGS);
  });

  test("a goaway tells which requests can be sent again", () => {
    const client = greeted();
    for (let count = 0; count < 3; count += 1) client.session.open(GET, true);
    client.session.feed(goAwayFrame(3, ERROR.NONE));
    expect(client.happened).toEqual(["reset 5 true"]);
    expect(client.session.hasRoom).toBe(false);
    client.session.close(1, true);
    client.session.close(3, true);
    expect(client.happened.at(-1)).toBe("end");
  });

  test("a refused stream was not looked at, another reset was", () => {
    const client = greeted();
    client.session.open(GET, true);
    client.session.open(GET, true);
    client.session.feed(wordFrame(FRAME.RST_STREAM, 1, ERROR.REFUSED_STREAM));
    client.session.feed(wordFrame(FRAME.RST_STREAM, 3, ERROR.INTERNAL));
    expect(client.happened).toEqual(["reset 1 true", "reset 3 false"]);
  });

  test("no more streams than the server allows", () => {
    const client = greeted();
    client.session.feed(settingsFrame([[SETTING.MAX_CONCURRENT_STREAMS, 2]]));
    client.session.open(GET, true);
    expect(client.session.hasRoom).toBe(true);
    client.session.open(GET, true);
    expect(client.session.hasRoom).toBe(false);
  });

  const BAD: readonly (readonly [string, Buffer])[] = [
    ["a push", frame(FRAME.PUSH_PROMISE, 4, 1, Buffer.alloc(8))],
    ["data for a stream that isn't", frame(FRAME.DATA, 0, 99, Buffer.alloc(1))],
    ["headers for a stream that isn't", frame(FRAME.HEADERS, 4, 99, encodeHeaders([[":status", "200"]]))],
    ["a broken header block", frame(FRAME.HEADERS, 4, 1, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]))],
    [
      "a header block that is interrupted",
      Buffer.concat([frame(FRAME.HEADERS, 0, 1, Buffer.alloc(0)), frame(FRAME.PING, 0, 0, Buffer.alloc(8))]),
    ],
    ["a frame that is too large", frame(FRAME.DATA, 0, 1, Buffer.alloc(20_000))],
    ["a window of nothing", wordFrame(FRAME.WINDOW_UPDATE, 0, 0)],
    ["a window that is too large", wordFrame(FRAME.WINDOW_UPDATE, 0, 0x7fff_ffff)],
    ["padding longer than its frame", frame(FRAME.DATA, 8, 1, Buffer.from([9, 0]))],
  ];
  for (const [what, bytes] of BAD) {
    test(`${what} ends the connection`, () => {
      const client = greeted();
      client.session.open(GET, true);
      client.session.feed(bytes);
      expect(client.happened).toEqual(["reset 1 false", "end"]);
      expect(client.session.hasRoom).toBe(false);
    });
  }

  test("more bytes than were announced reset the stream", () => {
    const client = greeted();
    const streamId = client.session.open(GET, true);
    client.session.feed(frame(FRAME.HEADERS, 4, 1, encodeHeaders([[":status", "200"]])));
    client.session.expect(streamId, 3);
    client.session.feed(frame(FRAME.DATA, 0, 1, Buffer.alloc(4)));
    expect(client.happened).toEqual(["head 1 200 false", "reset 1 false"]);
  });

  test("random bytes never throw", () => {
    let state = 7;
    const random = (): number => {
      state = (state * 1_103_515_245 + 12_345) & 0x7fff_ffff;
      return state;
    };
    for (let round = 0; round < 500; round += 1) {
      const client = greeted();
      client.session.open(GET, false);
      for (let part = 0; part < 5; part += 1) {
        const payload = Buffer.from(Array.from({ length: random() % 40 }, () => random() & 255));
        client.session.feed(frame(random() % 11, random() & 255, random() % 4, payload));
      }
    }
  });
});
