import { describe, expect, test } from "bun:test";
import { CLOCK_TOLERANCE_MS, GRANT_MS, MAX_GRANTS } from "../model/witness.ts";
import { WitnessBook } from "./witness.ts";

const WALL = 1_700_000_000_000;
const LATER = GRANT_MS + 1;

/** A book that has run long enough, with `a` holding `vip` since `nowMs`. */
function bookHeldByA(nowMs = LATER): WitnessBook {
  const book = new WitnessBook(0);
  book.ask({ subject: "vip", host: "a", holds: true, atMs: WALL }, nowMs, WALL);
  return book;
}

describe("a witness", () => {
  test("grants to the holder and refuses everybody else while the holder speaks", () => {
    const book = bookHeldByA();
    const wish = { subject: "vip", host: "b", holds: false, atMs: WALL };
    expect(book.ask(wish, LATER + GRANT_MS - 1, WALL)).toEqual({ granted: false, holder: "a" });
  });

  test("gives it to another host once the holder has been silent for the grant's time", () => {
    const book = bookHeldByA();
    const wish = { subject: "vip", host: "b", holds: false, atMs: WALL };
    expect(book.ask(wish, LATER + GRANT_MS, WALL)).toEqual({ granted: true, holder: "b", movedFrom: "a" });
    expect(book.ask({ ...wish, host: "a", holds: true }, LATER + GRANT_MS + 1, WALL)).toEqual({
      granted: false,
      holder: "b",
    });
  });

  test("right after its start grants only to who holds already", () => {
    const book = new WitnessBook(0);
    const wish = { subject: "vip", host: "b", holds: false, atMs: WALL };
    expect(book.ask(wish, GRANT_MS - 1, WALL)?.granted).toBe(false);
    expect(book.ask({ ...wish, host: "a", holds: true }, GRANT_MS - 1, WALL)?.granted).toBe(true);
  });

  test("doesn't answer a copy of an old question, nor one from another time", () => {
    const book = bookHeldByA();
    const copy = { subject: "vip", host: "a", holds: true, atMs: WALL - 1 };
    expect(book.ask(copy, LATER + 1, WALL)).toBeUndefined();
    const stale = { subject: "vip", host: "c", holds: true, atMs: WALL - CLOCK_TOLERANCE_MS - 1 };
    expect(book.ask(stale, LATER + 1, WALL)).toBeUndefined();
  });

  test("is bounded: with all places taken a new subject waits until one is free", () => {
    const book = new WitnessBook(0);
    for (let count = 0; count < MAX_GRANTS; count += 1) {
      book.ask({ subject: `s${count}`, host: "a", holds: true, atMs: WALL }, LATER, WALL);
    }
    const more = { subject: "more", host: "a", holds: true, atMs: WALL };
    expect(book.ask(more, LATER, WALL)).toBeUndefined();
    expect(book.ask(more, LATER + GRANT_MS, WALL)?.granted).toBe(true);
    expect(book.size).toBe(MAX_GRANTS);
  });
});
