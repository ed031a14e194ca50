import { expect, test } from "bun:test";
import { z } from "zod";
import { streamMethod, type Subscriber } from "./methods.ts";
import { MOST_QUEUED_CHARACTERS, SLOW_AFTER_BYTES } from "./protocol.ts";
import { Session } from "./session.ts";

test("large events for a slow subscriber cost as little as small ones: the queue is bounded by size", () => {
  let unsent = SLOW_AFTER_BYTES;
  const sent: string[] = [];
  const subscribers: Subscriber[] = [];
  const events = streamMethod({
    summary: "events",
    params: z.object({}),
    subscribe: (_params, subscriber) => {
      subscribers.push(subscriber);
      return { ok: true, result: null, stop: () => undefined };
    },
  });
  const link = {
    write: (text: string) => void sent.push(text),
    unsent: () => unsent,
    end: () => undefined,
    destroy: () => undefined,
  };
  const session = new Session(link, { methods: { events }, caller: { pid: 1, uid: 0, gid: 0, user: "root" } });
  session.receive(Buffer.from('{"id":1,"method":"events"}\n'));
  const [subscriber] = subscribers;
  const size = MOST_QUEUED_CHARACTERS / 4;
  for (let number = 0; number < 100; number += 1) subscriber?.push("x".repeat(size));
  unsent = 0;
  session.drained();
  const characters = sent.reduce((sum, text) => sum + text.length, 0);
  expect(characters).toBeLessThanOrEqual(MOST_QUEUED_CHARACTERS + 1000);
  expect(sent.at(-1)).toBe('{"id":1,"dropped":97}\n');
  // One event is always kept, however large: a reader in time gets everything.
  subscriber?.push("y".repeat(2 * MOST_QUEUED_CHARACTERS));
  expect(sent.at(-1)?.length).toBeGreaterThan(2 * MOST_QUEUED_CHARACTERS);
});
