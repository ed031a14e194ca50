import type { Scenario } from "./run.ts";
import { closing, ONE, sends } from "./words.ts";

/** Long enough that a client which isn't made to wait would be served. */
const WAIT_MS = 300;

/** Clients beyond a limit wait for their turn, as in the kernel's queue. */
export const OVERLOAD: readonly Scenario[] = [
  {
    name: "maxconn of a frontend",
    section: ` maxconn 1\n${ONE}`,
    clients: [
      sends(closing("/held?all-came")),
      { as: "second", after: "asked /held?all-came", steps: [{ send: closing("/second") }] },
      { after: "opened-second", steps: [{ send: closing("/third") }, { waitMs: WAIT_MS }, { tell: "all-came" }] },
    ],
  },
  {
    name: "who waits may give up",
    section: ` maxconn 1\n${ONE}`,
    clients: [
      sends(closing("/held?gave-up")),
      {
        as: "gone",
        after: "asked /held?gave-up",
        steps: [{ send: closing("/gone") }, { waitMs: WAIT_MS }, { do: "reset" }],
      },
      { after: "done-gone", steps: [{ send: closing("/third") }, { waitMs: WAIT_MS }, { tell: "gave-up" }] },
    ],
    logDiffers: "HAProxy takes the client that is gone from the kernel's queue, and tells of it",
  },
  {
    name: "maxconn in mode tcp",
    section: ` mode tcp\n option tcplog\n maxconn 1\n${ONE}`,
    clients: [
      { steps: [{ send: "one" }, { when: "opened-two" }, { waitMs: WAIT_MS }, { do: "finish" }] },
      { as: "two", after: "asked one", steps: [{ send: "two" }, { until: "s1:two" }, { do: "finish" }] },
    ],
    raw: true,
  },
  {
    name: "rate of sessions",
    section: ` rate-limit sessions 3\n${ONE}`,
    clients: Array.from({ length: 6 }, (_, index) => sends(closing(`/${index}`))),
    logDiffers: "their order is not that of the clients",
  },
];
