/** The entry of the splicing thread: takes streams over from its mailbox until told to stop. */
import { workerData } from "node:worker_threads";
import { type MailboxTicket, WorkerMailbox } from "../../../../shared/drive/ffi/mailbox.ts";
import { setThreadName } from "../../../../shared/drive/ffi/process.ts";
import type { FromSplicer, ToSplicer } from "./messages.ts";
import { Pump } from "./pump.ts";

/** Only this product's own traffic thread starts this file, with a ticket. */
function ticketOf(data: unknown): MailboxTicket {
  if (typeof data !== "object" || data === null || !("wakeFd" in data)) throw new Error("the worker needs its ticket");
  return data as MailboxTicket;
}

function run(mailbox: WorkerMailbox<FromSplicer, ToSplicer>): void {
  setThreadName("ha-lb-splice");
  let unsent: FromSplicer[] = [];
  const pump = new Pump((message) => {
    // The end of a stream must be told; counts are overtaken by the next ones.
    if (!mailbox.send(message) && message.kind === "ended") unsent.push(message);
  });
  pump.watch(mailbox.fd);
  for (;;) {
    const woken = pump.turn();
    if (unsent.length > 0) unsent = unsent.filter((message) => !mailbox.send(message));
    if (!woken) continue;
    for (const message of mailbox.receive()) {
      if (message.kind === "stop") {
        pump.close();
        return;
      }
      if (message.kind === "cut") pump.cut(message.id);
      else pump.take(message);
    }
  }
}

run(new WorkerMailbox<FromSplicer, ToSplicer>(ticketOf(workerData)));
