import { afterEach, describe, expect, test } from "bun:test";
import { monotonicNs } from "./clock.ts";
import { EventFd } from "./eventfd.ts";
import { POLL } from "./poll.ts";
import { PollLoop } from "./poll-loop.ts";

const events: EventFd[] = [];
function event(): EventFd {
  const made = EventFd.create();
  events.push(made);
  return made;
}
afterEach(() => {
  for (const made of events.splice(0)) made.close();
});

const never = { nextDeadlineNs: () => Infinity, onDeadline: () => {} };

describe("poll loop", () => {
  test("runs the handlers of what is ready, once per turn", () => {
    const [one, two] = [event(), event()];
    const loop = new PollLoop(never);
    const seen: string[] = [];
    loop.add(one.fd, POLL.IN, (happened) => seen.push(`one ${happened}`));
    loop.add(two.fd, POLL.IN, () => seen.push(`two ${two.drain()}`));
    two.signal(5);
    loop.turn(Infinity);
    one.signal();
    loop.turn(Infinity);
    loop.turn(0);
    expect(seen).toEqual(["two 5", "one 1", "one 1"]);
    one.drain();
    loop.turn(0);
    expect(seen).toHaveLength(3);
  });

  test("what waits in a socket is read before a deadline that has passed", () => {
    const waiting = event();
    const seen: string[] = [];
    let deadlineNs = monotonicNs() - 1e9;
    const loop = new PollLoop({
      nextDeadlineNs: () => deadlineNs,
      onDeadline: () => {
        seen.push("takeover");
        deadlineNs = Infinity;
      },
    });
    loop.add(waiting.fd, POLL.IN, (_, nowNs) => {
      waiting.drain();
      seen.push("advertisement");
      deadlineNs = nowNs + 3600e9;
    });
    waiting.signal();
    loop.turn(Infinity);
    loop.turn(0);
    // The packet moved the deadline: no needless takeover.
    expect(seen).toEqual(["advertisement"]);
  });

  test("deadlines are never early, and come although descriptors stay ready", () => {
    const noisy = event();
    noisy.signal();
    let deadlineNs = monotonicNs() + 2e6;
    const lateNs: number[] = [];
    const loop = new PollLoop({
      nextDeadlineNs: () => deadlineNs,
      onDeadline: (nowNs) => {
        lateNs.push(nowNs - deadlineNs);
        deadlineNs += 1e6;
        if (lateNs.length === 20) loop.stop();
      },
    });
    let calls = 0;
    loop.add(noisy.fd, POLL.IN, () => (calls += 1));
    loop.run();
    expect(lateNs).toHaveLength(20);
    expect(Math.min(...lateNs)).toBeGreaterThanOrEqual(0);
    expect(calls).toBeGreaterThanOrEqual(20);
  });

  test("handlers may add, change, remove and stop", () => {
    const [one, two, three] = [event(), event(), event()];
    const loop = new PollLoop(never);
    const seen: string[] = [];
    loop.add(one.fd, POLL.IN, () => {
      seen.push("one");
      // Ready in this very turn, but forgotten: its handler must not run.
      loop.remove(two.fd);
      loop.add(three.fd, POLL.IN, () => {
        seen.push("three");
        loop.stop();
      });
      loop.change(one.fd, 0);
    });
    loop.add(two.fd, POLL.IN, () => seen.push("two"));
    for (const each of [one, two, three]) each.signal();
    loop.run();
    expect(seen).toEqual(["one", "three"]);
  });

  test("stop in a handler skips the rest of the turn", () => {
    const [one, two] = [event(), event()];
    const seen: string[] = [];
    const loop = new PollLoop({ nextDeadlineNs: () => 0, onDeadline: () => seen.push("deadline") });
    loop.add(one.fd, POLL.IN, () => loop.stop());
    loop.add(two.fd, POLL.IN, () => seen.push("two"));
    one.signal();
    two.signal();
    loop.run();
    expect(seen).toEqual([]);
  });

  test("mistakes are loud", () => {
    const one = event();
    const loop = new PollLoop({ ...never, capacity: 1 });
    loop.add(one.fd, POLL.IN, () => {});
    expect(() => loop.add(one.fd, POLL.IN, () => {})).toThrow("is in the loop");
    expect(() => loop.add(event().fd, POLL.IN, () => {})).toThrow("full");
    expect(() => loop.change(99_999, 0)).toThrow("isn't in the loop");
    one.close();
    expect(() => loop.turn(0)).toThrow("was closed while in the loop");
    loop.remove(one.fd);
    loop.turn(0);
  });

  test("a deadline that nobody moves is a mistake", () => {
    const loop = new PollLoop({ nextDeadlineNs: () => 0, onDeadline: () => {} });
    expect(() => loop.run()).toThrow("doesn't move the deadline");
  });
});
