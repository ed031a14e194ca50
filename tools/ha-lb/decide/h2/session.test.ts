import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ERROR, FLAG, FRAME, frame, FrameReader, PREFACE, SETTING, settingsFrame, wordFrame } from "./frame.ts";
import { encodeHeaders } from "./hpack-encode.ts";
import type { TranslatedRequest } from "./request.ts";
import { CONNECTION_WINDOW, Session } from "./session.ts";
import { DEFAULT_SESSION_LIMITS, type SessionLimits } from "./session-limits.ts";
import type { Field } from "./static-table.ts";

const LIMITS: SessionLimits = { ...DEFAULT_SESSION_LIMITS, mostBytes: 4096, mostFields: 50 };
const GET: readonly Field[] = [
  [":method", "GET"],
  [":scheme", "http"],
  [":path", "/"],
  [":authority", "site"],
];
const POST: readonly Field[] = [[":method", "POST"], ...GET.slice(1)];
const END = FLAG.END_STREAM | FLAG.END_HEADERS;
const START = Buffer.concat([PREFACE, settingsFrame([])]);
const headers = (streamId: number, fields: readonly Field[] = GET, flags: number = END): Buffer =>
  frame(FRAME.HEADERS, flags, streamId, encodeHeaders(fields));
const data = (streamId: number, length: number, flags = 0): Buffer =>
  frame(FRAME.DATA, flags, streamId, Buffer.alloc(length));
const many = (count: number, make: (index: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, index) => make(index)));

/** A session with everything that came out of it. */
class Bench {
  readonly log: string[] = [];
  readonly requests: TranslatedRequest[] = [];
  bodyBytes = 0;
  ended = false;
  rooms = 0;
  private readonly reader = new FrameReader();
  readonly session: Session;
  sent = 0;

  constructor() {
    this.session = new Session(
      {
        write: (bytes) => {
          this.sent += bytes.length;
          this.reader.feed(bytes, ({ type, flags, streamId, payload }) => {
            const code =
              type === FRAME.RST_STREAM
                ? payload.readUInt32BE(0)
                : type === FRAME.GOAWAY
                  ? payload.readUInt32BE(4)
                  : payload.length;
            this.log.push(`${type}:${flags}:${streamId}:${code}`);
            return true;
          });
        },
        onRequest: (streamId, request, ended) => {
          this.requests.push(request);
          this.log.push(`request ${streamId} ${ended}`);
        },
        onBody: (streamId, bytes, ended) => {
          this.bodyBytes += bytes.length;
          this.log.push(`body ${streamId} ${bytes.length} ${ended}`);
        },
        onReset: (streamId) => this.log.push(`reset ${streamId}`),
        onRoom: () => {
          this.rooms += 1;
        },
        onEnd: () => {
          this.ended = true;
        },
      },
      LIMITS,
      0,
    );
    this.session.start();
  }

  feed(...parts: readonly Buffer[]): this {
    for (const part of parts) this.session.feed(part, 0);
    return this;
  }

  /** The error that ended the connection. */
  get goAway(): number | undefined {
    const found = this.log.findLast((line) => line.startsWith(`${FRAME.GOAWAY}:`));
    return found === undefined ? undefined : Number(found.split(":")[3]);
  }

  resetOf(streamId: number): number | undefined {
    const found = this.log.find((line) => line.startsWith(`${FRAME.RST_STREAM}:0:${streamId}:`));
    return found === undefined ? undefined : Number(found.split(":")[3]);
  }
}

const ENDS: readonly (readonly [string, Buffer, number])[] = [
  ["something else than HTTP/2", Buffer.from("GET / HTTP/1.1\r\n\r\n"), ERROR.PROTOCOL],
  ["no settings first", Buffer.concat([PREFACE, headers(1)]), ERROR.PROTOCOL],
  ["a frame that is too large", Buffer.concat([START, Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 1])]), ERROR.FRAME_SIZE],
  ["an even stream", Buffer.concat([START, headers(2)]), ERROR.PROTOCOL],
  ["data without a stream", Buffer.concat([START, data(0, 1)]), ERROR.PROTOCOL],
  ["data on a stream that never was", Buffer.concat([START, data(1, 1)]), ERROR.PROTOCOL],
  ["a reset of a stream that never was", Buffer.concat([START, wordFrame(FRAME.RST_STREAM, 1, 8)]), ERROR.PROTOCOL],
  ["a push from a client", Buffer.concat([START, frame(FRAME.PUSH_PROMISE, 4, 1, Buffer.alloc(8))]), ERROR.PROTOCOL],
  [
    "padding longer than the frame",
    Buffer.concat([START, headers(1, POST, FLAG.END_HEADERS), frame(FRAME.DATA, FLAG.PADDED, 1, Buffer.from([9, 0]))]),
    ERROR.PROTOCOL,
  ],
  [
    "a continuation of nothing",
    Buffer.concat([START, frame(FRAME.CONTINUATION, 4, 1, Buffer.alloc(1))]),
    ERROR.PROTOCOL,
  ],
  [
    "a block that is interrupted",
    Buffer.concat([START, headers(1, GET, FLAG.END_STREAM), frame(FRAME.PING, 0, 0, Buffer.alloc(8))]),
    ERROR.PROTOCOL,
  ],
  ["a broken block", Buffer.concat([START, frame(FRAME.HEADERS, END, 1, Buffer.from([0x80]))]), ERROR.COMPRESSION],
  ["a ping of a wrong size", Buffer.concat([START, frame(FRAME.PING, 0, 0, Buffer.alloc(7))]), ERROR.FRAME_SIZE],
  ["settings of a wrong size", Buffer.concat([START, frame(FRAME.SETTINGS, 0, 0, Buffer.alloc(5))]), ERROR.FRAME_SIZE],
  ["a window over 2^31", Buffer.concat([START, wordFrame(FRAME.WINDOW_UPDATE, 0, 0x7fff_ffff)]), ERROR.FLOW_CONTROL],
  ["a window update of nothing", Buffer.concat([START, wordFrame(FRAME.WINDOW_UPDATE, 0, 0)]), ERROR.PROTOCOL],
  [
    "a first window over 2^31",
    Buffer.concat([START, settingsFrame([[SETTING.INITIAL_WINDOW_SIZE, 0x8000_0000]])]),
    ERROR.FLOW_CONTROL,
  ],
  ["push neither on nor off", Buffer.concat([START, settingsFrame([[SETTING.ENABLE_PUSH, 2]])]), ERROR.PROTOCOL],
];

const FLOODS: readonly (readonly [string, (index: number) => Buffer])[] = [
  ["pings", () => frame(FRAME.PING, 0, 0, Buffer.alloc(8))],
  ["settings", () => settingsFrame([])],
  ["priorities", () => frame(FRAME.PRIORITY, 0, 1, Buffer.alloc(5))],
  ["unknown frames", () => frame(99, 0, 0, Buffer.alloc(0))],
  [
    "requests that are reset at once",
    (index) => Buffer.concat([headers(index * 2 + 3), wordFrame(FRAME.RST_STREAM, index * 2 + 3, ERROR.CANCEL)]),
  ],
  ["requests that break rules", (index) => headers(index * 2 + 3, [...GET, ["Upper", "x"]])],
  ["requests with a head that is too large", (index) => headers(index * 2 + 3, [...GET, ["a", "x".repeat(5000)]])],
  ["window updates", () => wordFrame(FRAME.WINDOW_UPDATE, 0, 1)],
  ["empty data", () => data(1, 0)],
];

describe("a connection of HTTP/2", () => {
  test.each(ENDS)("%s ends it", (_name, bytes, code) => {
    const bench = new Bench().feed(bytes);
    expect(bench.goAway).toBe(code);
    expect(bench.ended).toBe(true);
  });

  test.each(FLOODS)("a flood of %s ends it, and what was sent for it is little", (_name, make) => {
    const bench = new Bench().feed(START, headers(1, POST, FLAG.END_HEADERS), many(1500, make));
    expect(bench.goAway).toBe(ERROR.ENHANCE_YOUR_CALM);
    expect(bench.sent).toBeLessThan(100_000);
  });

  test("a flood of continuations ends it before much is held", () => {
    const part = frame(FRAME.CONTINUATION, 0, 1, Buffer.alloc(10));
    const bench = new Bench().feed(
      START,
      headers(1, GET, 0),
      many(20, () => part),
    );
    expect(bench.goAway).toBe(ERROR.ENHANCE_YOUR_CALM);
  });

  test("the same number of pings over a day is no flood", () => {
    const bench = new Bench().feed(START);
    for (let minute = 0; minute < 1440; minute += 1) {
      bench.session.feed(
        many(2, () => frame(FRAME.PING, 0, 0, Buffer.alloc(8))),
        minute * 60_000,
      );
    }
    expect(bench.goAway).toBeUndefined();
  });

  test("more streams than allowed are refused, and may be tried again", () => {
    const bench = new Bench().feed(
      START,
      many(LIMITS.mostStreams + 1, (index) => headers(index * 2 + 1)),
    );
    expect(bench.requests).toHaveLength(LIMITS.mostStreams);
    expect(bench.resetOf(LIMITS.mostStreams * 2 + 1)).toBe(ERROR.REFUSED_STREAM);
    expect(bench.session.openStreams).toBe(LIMITS.mostStreams);
  });

  test("a request, its answer, and its end", () => {
    const bench = new Bench().feed(START, headers(1));
    bench.session.respond(1, [[":status", "200"]], false);
    bench.session.send(1, Buffer.alloc(40_000), true);
    bench.session.finish(1);
    const frames = bench.log.slice(bench.log.indexOf("request 1 true") + 1);
    expect(frames).toEqual(["1:4:1:1", "0:0:1:16384", "0:0:1:16384", "0:1:1:7232"]);
    expect(bench.session.openStreams).toBe(0);
  });

  test("a head that is too large is answered, and the connection goes on", () => {
    const bench = new Bench().feed(START, headers(1, [...GET, ["a", "x".repeat(5000)]]), headers(3));
    expect(bench.requests).toHaveLength(1);
    expect(bench.goAway).toBeUndefined();
    expect(bench.log).toContain(`${FRAME.HEADERS}:${END}:1:5`);
  });

  test.each([
    ["more than announced", 5, [data(1, 6)]],
    ["less than announced", 5, [data(1, 4, FLAG.END_STREAM)]],
    ["more after all of it", 5, [data(1, 5), data(1, 1)]],
  ] satisfies readonly (readonly [string, number, readonly Buffer[]])[])(
    "a body of %s is cut off",
    (_name, length, frames) => {
      const bench = new Bench().feed(
        START,
        headers(1, [...POST, ["content-length", String(length)]], FLAG.END_HEADERS),
        ...frames,
      );
      expect(bench.resetOf(1)).toBe(ERROR.PROTOCOL);
      expect(bench.bodyBytes).toBeLessThanOrEqual(length);
    },
  );

  test("who sends beyond the window of a stream loses the stream", () => {
    const body = many(5, () => data(1, 16_384));
    const bench = new Bench().feed(START, headers(1, POST, FLAG.END_HEADERS), body);
    expect(bench.resetOf(1)).toBe(ERROR.FLOW_CONTROL);
    expect(bench.bodyBytes).toBeLessThanOrEqual(LIMITS.streamWindowBytes);
  });

  test("bodies that nobody takes fill one window at most", () => {
    const bench = new Bench().feed(START);
    for (let stream = 1; !bench.ended && stream < 400; stream += 2) {
      bench.feed(
        headers(stream, POST, FLAG.END_HEADERS),
        many(3, () => data(stream, 16_384)),
      );
    }
    expect(bench.goAway).toBe(ERROR.FLOW_CONTROL);
    expect(bench.bodyBytes).toBeLessThanOrEqual(CONNECTION_WINDOW);
  });

  test("what is consumed may be sent again", () => {
    const bench = new Bench().feed(START, headers(1, POST, FLAG.END_HEADERS));
    for (let count = 0; count < 500; count += 1) {
      bench.feed(data(1, 16_384));
      bench.session.consumed(1, 16_384);
    }
    expect(bench.bodyBytes).toBe(500 * 16_384);
    expect(bench.goAway).toBeUndefined();
  });

  test("a smaller first window counts for streams that run, and goes below nothing", () => {
    const bench = new Bench().feed(START, headers(1));
    bench.session.respond(1, [[":status", "200"]], false);
    bench.session.send(1, Buffer.alloc(1000), false);
    bench.feed(settingsFrame([[SETTING.INITIAL_WINDOW_SIZE, 500]]));
    expect(bench.session.room(1)).toBe(0);
    bench.feed(wordFrame(FRAME.WINDOW_UPDATE, 1, 600));
    expect(bench.session.room(1)).toBe(100);
  });

  test("leaving: no new streams, those that run may finish", () => {
    const bench = new Bench().feed(START, headers(1));
    bench.session.leave();
    bench.feed(headers(3));
    expect(bench.goAway).toBe(ERROR.NONE);
    expect(bench.resetOf(3)).toBe(ERROR.REFUSED_STREAM);
    expect(bench.session.openStreams).toBe(1);
  });

  test("CONNECT is asked to come over HTTP/1.1", () => {
    const bench = new Bench().feed(START, headers(1, [[":method", "CONNECT"], ...GET.slice(1)]));
    expect(bench.resetOf(1)).toBe(ERROR.HTTP_1_1_REQUIRED);
  });
});

describe("whatever comes", () => {
  const piece = fc.oneof(
    fc
      .record({ type: fc.nat(10), flags: fc.nat(255), stream: fc.nat(8), payload: fc.uint8Array({ maxLength: 40 }) })
      .map(({ type, flags, stream, payload }) => frame(type, flags, stream, payload)),
    fc.constantFrom(1, 3, 5).map((stream) => headers(stream)),
    fc.constantFrom(1, 3, 5).map((stream) => headers(stream, POST, FLAG.END_HEADERS)),
    fc.constantFrom(1, 3, 5).map((stream) => data(stream, 10, FLAG.END_STREAM)),
  );

  test("no frames make it throw, or speak after the end", () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const bench = new Bench().feed(START, ...pieces);
        if (bench.ended) {
          const { length } = bench.log;
          bench.feed(headers(101));
          expect(bench.log.length).toBe(length);
          expect(bench.session.openStreams).toBe(0);
        }
        expect(bench.session.openStreams).toBeLessThanOrEqual(LIMITS.mostStreams);
      }),
      { numRuns: 500 },
    );
  });

  test("where the bytes are cut makes no difference", () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.integer({ min: 1, max: 40 }), (pieces, step) => {
        const bytes = Buffer.concat([START, ...pieces]);
        const whole = new Bench().feed(bytes);
        const cut = new Bench();
        for (let at = 0; at < bytes.length; at += step) cut.feed(bytes.subarray(at, at + step));
        expect(cut.log).toEqual(whole.log);
      }),
      { numRuns: 300 },
    );
  });
});
