/** The entry of the deadline thread: opens its end of the mailbox and runs until told to stop. */
import { workerData } from "node:worker_threads";
import { type MailboxTicket, WorkerMailbox } from "../../../../shared/drive/ffi/mailbox.ts";
import type { ToMain, ToWorker } from "../../model/messages.ts";
import { RouterThread } from "./router-thread.ts";

/** Only this product's own main thread starts this file, with a ticket. */
function ticketOf(data: unknown): MailboxTicket {
  if (typeof data !== "object" || data === null || !("wakeFd" in data)) throw new Error("the worker needs its ticket");
  return data as MailboxTicket;
}

new RouterThread(new WorkerMailbox<ToMain, ToWorker>(ticketOf(workerData))).run();
