import { z } from "zod";
import type { StatusReport } from "../../model/status.ts";
import { MOST_KEPT_EVENTS, type EventFeed } from "./event-feed.ts";
import { callMethod, streamMethod, type ControlMethods } from "./methods.ts";
import { answer } from "./protocol.ts";

/** The methods that every daemon answers alike: `ping`, `status`, `events`. */
export function standardMethods(daemon: {
  readonly status: () => StatusReport;
  readonly events: EventFeed;
}): ControlMethods {
  return {
    ping: callMethod({
      summary: "answer at once",
      params: z.strictObject({}),
      run: () => answer({ pid: process.pid }),
    }),
    status: callMethod({
      summary: "how everything is",
      params: z.strictObject({}),
      run: () => answer(daemon.status()),
    }),
    events: streamMethod({
      summary: "what happened lately (newest first) and, as events, what happens from now on",
      params: z.strictObject({ last: z.number().int().min(0).max(MOST_KEPT_EVENTS).default(20) }),
      subscribe: ({ last }, subscriber) => {
        const stop = daemon.events.follow((event) => {
          subscriber.push(event);
        });
        return { ok: true, result: { events: last === 0 ? [] : daemon.events.recent(last) }, stop };
      },
    }),
  };
}
