import type { Script } from "./client.ts";
import type { Scenario } from "./run.ts";
import { closing, ONE } from "./words.ts";

const after = (startMs: number, path: string, more: Partial<Script> = {}): Script => ({
  startMs,
  steps: [{ send: closing(path) }],
  quietMs: 2500,
  ...more,
});

/** Clients beyond a limit wait for their turn, as in the kernel's queue. */
export const OVERLOAD: readonly Scenario[] = [
  {
    name: "maxconn of a frontend",
    section: ` maxconn 1\n timeout server 2s\n${ONE}`,
    clients: [after(0, "/slow"), after(100, "/second"), after(200, "/third")],
  },
  {
    name: "who waits may give up",
    section: ` maxconn 1\n timeout server 2s\n${ONE}`,
    clients: [
      after(0, "/slow"),
      after(100, "/gone", { steps: [{ send: closing("/gone") }, { waitMs: 100 }, { do: "reset" }] }),
      after(300, "/third"),
    ],
    logDiffers: "HAProxy takes the client that is gone from the kernel's queue, and tells of it",
  },
  {
    name: "maxconn in mode tcp",
    section: ` mode tcp\n option tcplog\n maxconn 1\n timeout server 2s\n timeout client 2s\n${ONE}`,
    clients: [
      after(0, "/a", { steps: [{ send: "one" }, { waitMs: 400 }, { do: "finish" }] }),
      after(100, "/b", { steps: [{ send: "two" }, { waitMs: 400 }, { do: "finish" }] }),
    ],
    raw: true,
  },
  {
    name: "rate of sessions",
    section: ` rate-limit sessions 3\n${ONE}`,
    clients: Array.from({ length: 6 }, (_, index) => after(20 * index, `/${index}`)),
    logDiffers: "their order is not that of the clients",
  },
];
