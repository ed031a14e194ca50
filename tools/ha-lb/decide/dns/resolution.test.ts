import { describe, expect, test } from "bun:test";
import { parseIp } from "../../model/ip.ts";
import type { Answer, Failure, Service } from "./answer.ts";
import { assignAddresses, assignServices, weightOfService } from "./assign.ts";
import { learn, NOTHING_KNOWN } from "./known.ts";
import { type Lookup, type LookupStep, startLookup, takeReply, takeSilence } from "./lookup.ts";
import type { QuestionType } from "./message.ts";

const ip = (text: string) => {
  const address = parseIp(text);
  if (address === undefined) throw new Error(`no address: ${text}`);
  return address;
};
const addresses = (...texts: string[]): Answer => ({ kind: "addresses", addresses: texts.map(ip) });
const failure = (kind: Failure): Answer => ({ kind: "failure", failure: kind });

/** Plays events: `0:nx` name server 0 says nx, `1:ok`, or `-` for silence. Gives what was asked, and the end. */
function play(events: string, types: readonly QuestionType[] = ["AAAA", "A"], nameServers = 2, tries = 2): string {
  const said: string[] = [];
  let nowMs = 0;
  let step: LookupStep = startLookup({ name: "n", types, nameServers, tries, retryMs: 100 }, nowMs);
  const note = (one: LookupStep): Lookup | undefined => {
    if (one.kind === "done") {
      said.push(one.answer.kind === "failure" ? one.answer.failure : "good");
      return undefined;
    }
    if (one.ask !== undefined) said.push(one.ask.type);
    return one.lookup;
  };
  let lookup = note(step);
  for (const event of events.split(" ").filter((word) => word !== "")) {
    if (lookup === undefined) throw new Error("it is over");
    nowMs += 10;
    const [server, what] = event.split(":");
    if (event === "-") step = takeSilence(lookup, nowMs);
    else
      step = takeReply(lookup, Number(server), what === "ok" ? addresses("1.2.3.4") : failure(what as Failure), nowMs);
    lookup = note(step);
  }
  return said.join(" ");
}

test.each([
  ["0:ok", "AAAA good"],
  ["0:nx 1:ok", "AAAA good"],
  ["0:nx 1:empty 0:ok", "AAAA A good"],
  ["0:nx 1:nx 0:nx 1:nx", "AAAA A nx"],
  ["0:refused 0:refused 1:other 1:refused 0:other", "AAAA A AAAA"],
  ["- -", "AAAA AAAA timeout"],
  ["- 1:ok", "AAAA AAAA good"],
  ["0:refused - 0:refused - 0:refused - 0:refused -", "AAAA A AAAA A refused"],
  ["0:nx 0:nx", "AAAA"],
])("a look-up: %s", (events, expected) => {
  expect(play(events)).toBe(expected);
});

test("services have one type only, and no name server is an answer of its own", () => {
  expect(play("0:nx 1:nx", ["SRV"])).toBe("SRV nx");
  expect(play("", ["A"], 0)).toBe("other");
});

describe("what is known", () => {
  const texts = (known: ReturnType<typeof learn>) => known.addresses.map(({ value }) => value.toString()).join(" ");

  test("bad answers take nothing away, for however long", () => {
    let known = learn(NOTHING_KNOWN, addresses("10.0.0.1", "10.0.0.2"), 0, 1000);
    for (const [index, kind] of (["nx", "timeout", "refused", "other", "empty"] as const).entries()) {
      known = learn(known, failure(kind), 0, 1e9 * (index + 1));
      expect(texts(known)).toBe("10.0.0.1 10.0.0.2");
      expect(known.failing).toEqual({ failure: kind, sinceMs: 1e9 });
    }
    known = learn(known, addresses("10.0.0.3"), 0, 9e9);
    expect(texts(known)).toBe("10.0.0.3");
    expect(known.failing).toBeUndefined();
  });

  test("what a good answer lacks goes after `hold obsolete`", () => {
    let known = learn(NOTHING_KNOWN, addresses("10.0.0.1", "10.0.0.2"), 500, 1000);
    known = learn(known, addresses("10.0.0.2"), 500, 1400);
    expect(texts(known)).toBe("10.0.0.2 10.0.0.1");
    known = learn(known, addresses("10.0.0.2"), 500, 1500);
    expect(texts(known)).toBe("10.0.0.2");
  });
});

describe("who gets what", () => {
  const seats = (currents: string, options: Partial<Parameters<typeof assignAddresses>[0][number]> = {}) =>
    currents.split(",").map((current) => ({ current, networks: [], sharesAddresses: false, ...options }));
  const assigned = (currents: string, found: string, options = {}) =>
    assignAddresses(seats(currents, options), found.split(" ").map(ip)).join(",");

  test.each([
    [",,", "1.1.1.1 2.2.2.2", "1.1.1.1,2.2.2.2,"],
    ["2.2.2.2,,1.1.1.1", "1.1.1.1 2.2.2.2 3.3.3.3", "2.2.2.2,3.3.3.3,1.1.1.1"],
    ["9.9.9.9,1.1.1.1", "1.1.1.1 2.2.2.2", "2.2.2.2,1.1.1.1"],
    ["1.1.1.1,2.2.2.2", "2.2.2.2", ",2.2.2.2"],
    ["1.1.1.1,1.1.1.1", "1.1.1.1", "1.1.1.1,"],
  ])("servers with %p and the answer %s", (currents, found, expected) => {
    expect(assigned(currents, found)).toBe(expected);
  });

  test("allow-dup-ip and resolve-net", () => {
    expect(assigned(",", "1.1.1.1", { sharesAddresses: true })).toBe("1.1.1.1,1.1.1.1");
    expect(assigned("", "1.1.1.1 10.1.0.1", { networks: ["10.0.0.0/8"] })).toBe("10.1.0.1");
    expect(assigned("", "1.1.1.1", { networks: ["10.0.0.0/8"] })).toBe("1.1.1.1");
  });

  test("services keep their servers", () => {
    const service = (target: string, port: number): Service => ({ target, port, weight: 0, addresses: [] });
    const [a, b, c] = [service("a", 1), service("b", 1), service("a", 2)];
    expect(assignServices([undefined, { target: "a", port: 1 }, undefined, undefined], [a, b, c])).toEqual([
      b,
      a,
      c,
      undefined,
    ]);
    expect([0, 1, 256, 512, 65535].map(weightOfService)).toEqual([0, 1, 1, 2, 256]);
  });
});
