/** A Worker that never returns to its event loop: for the tests of the deadline loop and its mailbox. */
import { workerData } from "node:worker_threads";
import { monotonicNs } from "../../shared/drive/ffi/clock.ts";
import { becomeDeadlineThread } from "../../shared/drive/ffi/deadline-thread.ts";
import { type MailboxTicket, WorkerMailbox } from "../../shared/drive/ffi/mailbox.ts";
import { POLL, pollOne } from "../../shared/drive/ffi/poll.ts";
import { PollLoop } from "../../shared/drive/ffi/poll-loop.ts";

export type ToWorker =
  | { readonly kind: "echo"; readonly value: number }
  /** Starts deadlines every `intervalNs`, `count` times. */
  | { readonly kind: "tick"; readonly intervalNs: number; readonly count: number }
  /** Reads no messages for a while. */
  | { readonly kind: "stall"; readonly forNs: number; readonly eventFd: number }
  | { readonly kind: "stop" };

export type ToMain =
  | { readonly kind: "ready"; readonly realTime: boolean; readonly refused: readonly string[] }
  | { readonly kind: "echo"; readonly value: number }
  | { readonly kind: "ticks"; readonly early: number; readonly count: number; readonly worstLateNs: number }
  | { readonly kind: "stalling" }
  | { readonly kind: "stopped" };

const { ticket } = workerData as { readonly ticket: MailboxTicket };
const mailbox = new WorkerMailbox<ToMain, ToWorker>(ticket);
const granted = becomeDeadlineThread({ name: "deadline", priority: 10 });

let deadlineNs = Infinity;
let intervalNs = 0;
let left = 0;
const ticks = { early: 0, count: 0, worstLateNs: 0 };

const loop = new PollLoop({
  nextDeadlineNs: () => deadlineNs,
  onDeadline(nowNs) {
    if (nowNs < deadlineNs) ticks.early += 1;
    ticks.worstLateNs = Math.max(ticks.worstLateNs, nowNs - deadlineNs);
    ticks.count += 1;
    left -= 1;
    deadlineNs = left > 0 ? deadlineNs + intervalNs : Infinity;
    if (left === 0) mailbox.send({ kind: "ticks", ...ticks });
  },
});

function obey(message: ToWorker): void {
  switch (message.kind) {
    case "echo":
      mailbox.send(message);
      return;
    case "tick":
      left = message.count;
      intervalNs = message.intervalNs;
      deadlineNs = monotonicNs() + intervalNs;
      return;
    case "stall":
      // Until the main thread signals, or for so long.
      mailbox.send({ kind: "stalling" });
      pollOne(message.eventFd, POLL.IN, message.forNs);
      return;
    case "stop":
      loop.stop();
  }
}

loop.add(mailbox.fd, POLL.IN, () => mailbox.receive().forEach(obey));
mailbox.send({ kind: "ready", realTime: granted.realTime, refused: granted.refused });
loop.run();
mailbox.send({ kind: "stopped" });
