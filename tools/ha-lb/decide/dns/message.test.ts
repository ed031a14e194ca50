import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { answerOf, isReplyTo } from "./answer.ts";
import { decodeReply, encodeQuery, isAskable, type Question } from "./message.ts";

const text = (value: string) => [value.length, ...Buffer.from(value)];
const name = (value: string) => [...value.split(".").flatMap(text), 0];
const short = (value: number) => [value >> 8, value & 255];
const record = (owner: number[], type: number, data: number[]) => [
  ...owner,
  ...short(type),
  ...short(1),
  0,
  0,
  0,
  9,
  ...short(data.length),
  ...data,
];
const POINTER_TO_QUESTION = [0xc0, 12];

interface Parts {
  readonly flags?: number;
  readonly question?: number[];
  readonly answers?: number[][];
  readonly additional?: number[][];
}

function reply({ flags = 0x8180, question, answers = [], additional = [] }: Parts): Uint8Array {
  return Uint8Array.from([
    ...short(0x1234),
    ...short(flags),
    ...short(1),
    ...short(answers.length),
    ...short(0),
    ...short(additional.length),
    ...(question ?? [...name("web.example"), ...short(1), ...short(1)]),
    ...answers.flat(),
    ...additional.flat(),
  ]);
}

const asksA: Question = { name: "web.example", type: "A" };
const readA = (parts: Parts) => {
  const found = decodeReply(reply(parts));
  return found === undefined ? undefined : answerOf(found, asksA);
};

describe("answers", () => {
  test("a query is one question with the size of answers that is taken", () => {
    const bytes = Buffer.from(encodeQuery(0x1234, { name: "Web.Example.", type: "AAAA" }, 4096));
    expect(bytes.toString("hex")).toBe(
      "123401000001000000000001" + "03576562074578616d706c6500" + "001c0001" + "0000291000000000000000",
    );
  });

  test("addresses, repetitions and aliases", () => {
    expect(
      readA({
        answers: [
          record(POINTER_TO_QUESTION, 5, name("a.cdn")),
          record(name("A.CDN"), 1, [10, 0, 0, 1]),
          record(name("a.cdn"), 1, [10, 0, 0, 1]),
          record(name("a.cdn"), 1, [10, 0, 0, 2]),
          record(name("other.example"), 1, [10, 9, 9, 9]),
        ],
      }),
    ).toMatchObject({ kind: "addresses", addresses: [{ words: [0x0a000001] }, { words: [0x0a000002] }] });
  });

  test("services with their addresses; `.` says that there is none", () => {
    const question: Question = { name: "_http._tcp.example", type: "SRV" };
    const srv = (port: number, weight: number, target: number[]) => [
      ...short(1),
      ...short(weight),
      ...short(port),
      ...target,
    ];
    const found = decodeReply(
      reply({
        question: [...name(question.name), ...short(33), ...short(1)],
        answers: [
          record(POINTER_TO_QUESTION, 33, srv(8001, 512, name("n1.example"))),
          record(POINTER_TO_QUESTION, 33, srv(8001, 5, name("n1.example"))),
          record(POINTER_TO_QUESTION, 33, srv(8002, 0, [0])),
          record(POINTER_TO_QUESTION, 33, srv(8003, 0, name("evil\n\u001b[31m.example"))),
        ],
        additional: [record(name("n1.example"), 1, [10, 0, 0, 7]), record(name("n2.example"), 1, [10, 0, 0, 8])],
      }),
    );
    if (found === undefined) throw new Error("not read");
    expect(answerOf(found, question)).toMatchObject({
      kind: "services",
      services: [{ target: "n1.example", port: 8001, weight: 512, addresses: [{ words: [0x0a000007] }] }],
    });
  });

  const failures: readonly (readonly [string, Parts, string])[] = [
    ["no such name", { flags: 0x8183 }, "nx"],
    ["refused", { flags: 0x8185 }, "refused"],
    ["a failing server", { flags: 0x8182 }, "other"],
    ["nothing of this type", {}, "empty"],
    ["only the other family", { answers: [record(POINTER_TO_QUESTION, 28, Array(16).fill(1))] }, "empty"],
    ["an address of somebody else", { answers: [record(name("evil.example"), 1, [6, 6, 6, 6])] }, "empty"],
    [
      "aliases in a circle",
      {
        answers: [record(POINTER_TO_QUESTION, 5, name("b.example")), record(name("b.example"), 5, name("web.example"))],
      },
      "empty",
    ],
  ];
  test.each(failures)("%s", (_name, parts, failure) => {
    expect(readA(parts)).toEqual({ kind: "failure", failure: failure as "nx" });
  });
});

describe("hostile replies", () => {
  const bad: readonly (readonly [string, Parts])[] = [
    ["a question, no reply", { flags: 0x0100 }],
    ["another operation", { flags: 0xa980 }],
    ["a pointer to itself", { answers: [record([0xc0, 29], 1, [1, 2, 3, 4])] }],
    ["a pointer forward", { answers: [record([0xc0, 40], 1, [1, 2, 3, 4])] }],
    ["a pointer into the header", { answers: [record([0xc0, 2], 1, [1, 2, 3, 4])] }],
    ["a label with reserved bits", { answers: [record([0x81, 1, 0], 1, [1, 2, 3, 4])] }],
    ["an address of five bytes", { answers: [record(POINTER_TO_QUESTION, 1, [1, 2, 3, 4, 5])] }],
    ["a record longer than the message", { answers: [[...POINTER_TO_QUESTION, 0, 1, 0, 1, 0, 0, 0, 1, 0, 99, 1]] }],
    [
      "an alias longer than its record says",
      { answers: [[...POINTER_TO_QUESTION, 0, 5, 0, 1, 0, 0, 0, 1, 0, 1, 1, 65, 0]] },
    ],
    ["a name of 260 bytes", { question: [...name(Array(5).fill("a".repeat(51)).join(".")), 0, 1, 0, 1] }],
    ["another class", { question: [...name("web.example"), 0, 1, 0, 3] }],
  ];
  test.each(bad)("%s is no reply", (_name, parts) => {
    expect(decodeReply(reply(parts))).toBeUndefined();
  });

  test("another name, type or id answers another question", () => {
    const read = (question: number[]) => {
      const found = decodeReply(reply({ question }));
      return found !== undefined && isReplyTo(found, 0x1234, asksA);
    };
    expect(read([...name("WEB.example"), 0, 1, 0, 1])).toBe(true);
    expect(read([...name("web.example.evil"), 0, 1, 0, 1])).toBe(false);
    expect(read([...name("web.example"), 0, 28, 0, 1])).toBe(false);
    const found = decodeReply(reply({}));
    expect(found !== undefined && isReplyTo(found, 0x1235, asksA)).toBe(false);
  });

  test("chains of pointers end in time that grows with the message only", () => {
    // Each of 16,000 pointers leads to the one before it.
    const bytes = [...reply({ answers: [] })];
    const first = bytes.length;
    bytes.push(1, 97, 0);
    for (let at = first + 3; at + 2 < 16_000; at += 2) {
      const target = at === first + 3 ? first : at - 2;
      bytes.push(0xc0 | (target >> 8), target & 255);
    }
    bytes[7] = 1;
    expect(decodeReply(Uint8Array.from(bytes))).toBeUndefined();
  });

  test("whatever bytes come, decoding ends without an error", () => {
    const valid = reply({
      answers: [record(POINTER_TO_QUESTION, 5, [1, 97, 0xc0, 12]), record([1, 97, 0xc0, 12], 1, [1, 2, 3, 4])],
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(valid.length), fc.nat(255)), { maxLength: 6 }), fc.nat(80), (edits, cut) => {
        const bytes = valid.slice(0, cut > valid.length / 2 ? valid.length : valid.length - cut);
        for (const [at, value] of edits) if (at < bytes.length) bytes[at] = value;
        const found = decodeReply(bytes);
        if (found !== undefined) answerOf(found, asksA);
      }),
      { numRuns: 3000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        decodeReply(bytes);
      }),
      { numRuns: 2000 },
    );
  });

  test("names that can't be asked", () => {
    for (const bad of ["", ".", "a..b", "x".repeat(64), Array(65).fill("abc").join("."), "a b.c", "ü.de"])
      expect(isAskable(bad)).toBe(false);
    expect(isAskable("_http._tcp.example.com.")).toBe(true);
  });
});
