import { afterEach, describe, expect, test } from "bun:test";
import { TICK_MS, Timed, TimerWheel } from "./timer-wheel.ts";

class Deadline extends Timed {
  fired = 0;
  override onDeadline(): void {
    this.fired += 1;
  }
}

describe("the wheel of deadlines", () => {
  let nowMs = 1000;
  const one = new Deadline();
  // Time passes when the test says so: the wheel's own ticks see none, or call what the test calls.
  const wheel = new TimerWheel(() => nowMs);
  afterEach(() => {
    wheel.remove(one);
    one.fired = 0;
  });

  const socketsAreRead = (): Promise<void> =>
    new Promise((resolve) => void setImmediate(() => setImmediate(() => setImmediate(resolve))));

  /** Ticks in time until a moment. */
  function runUntil(endMs: number): void {
    while (nowMs < endMs) {
      nowMs += TICK_MS;
      wheel.tick();
    }
  }

  test("ticks in time fire what is due, once, and not before", () => {
    const startMs = nowMs;
    wheel.set(one, startMs + 500);
    runUntil(startMs + 480);
    expect(one.fired).toBe(0);
    runUntil(startMs + 560);
    expect(one.fired).toBe(1);
    runUntil(startMs + 2000);
    expect(one.fired).toBe(1);
  });

  test("after a stop nobody's time is over before sockets were read: who was heard of goes on", async () => {
    wheel.set(one, nowMs + 500);
    nowMs += 10_000;
    wheel.tick();
    wheel.tick();
    expect(one.fired).toBe(0);
    wheel.set(one, nowMs + 500);
    await socketsAreRead();
    expect(one.fired).toBe(0);
    runUntil(nowMs + 480);
    expect(one.fired).toBe(0);
    runUntil(nowMs + 100);
    expect(one.fired).toBe(1);
  });

  test("after a stop who wasn't heard of is due as soon as sockets were read", async () => {
    wheel.set(one, nowMs + 500);
    nowMs += 10_000;
    wheel.tick();
    await socketsAreRead();
    expect(one.fired).toBe(1);
  });

  test("a process that is always late keeps its deadlines all the same", async () => {
    wheel.set(one, nowMs + 500);
    for (let count = 0; count < 4; count += 1) {
      nowMs += 400;
      wheel.tick();
      await socketsAreRead();
    }
    expect(one.fired).toBe(1);
  });
});
