/** The main thread's part of the deadline loop's test: one line of JSON on stdout. Also run compiled. */
import { Worker } from "node:worker_threads";
import { EventFd } from "../../shared/drive/ffi/eventfd.ts";
import { Mailbox } from "../../shared/drive/ffi/mailbox.ts";
import { workerUrl } from "../../shared/drive/worker-url.ts";
import type { ToMain, ToWorker } from "./deadline-worker.ts";

const LIMIT = 64;
const ECHOES = 500;
const waiting: ((message: ToMain) => void)[] = [];
const unread: ToMain[] = [];

const mailbox = new Mailbox<ToWorker, ToMain>((message) => {
  const next = waiting.shift();
  if (next === undefined) unread.push(message);
  else next(message);
}, LIMIT);

const worker = new Worker(workerUrl("test/ffi/deadline-worker.ts"), {
  workerData: { ticket: mailbox.ticket },
  transferList: [mailbox.ticket.port],
});
worker.on("error", (error) => {
  console.error(error);
  process.exit(1);
});

async function next(): Promise<ToMain> {
  const message = unread.shift();
  return message ?? (await new Promise<ToMain>((resolve) => waiting.push(resolve)));
}

const ready = await next();

// In order, none lost, while the Worker never returns to its event loop.
let inOrder = 0;
for (let value = 0; value < ECHOES; value += 1) {
  while (!mailbox.send({ kind: "echo", value })) await Bun.sleep(1);
  const answer = await next();
  if (answer.kind === "echo" && answer.value === value) inOrder += 1;
}

// A burst as large as the mailbox, answered as a burst.
let burst = 0;
while (burst < LIMIT && mailbox.send({ kind: "echo", value: burst })) burst += 1;
let answered = 0;
for (let value = 0; value < burst; value += 1) {
  const answer = await next();
  if (answer.kind === "echo" && answer.value === value) answered += 1;
}

// Deadlines are kept while this thread is busy and answers nobody.
mailbox.send({ kind: "tick", intervalNs: 2_000_000, count: 100 });
const busyUntil = Bun.nanoseconds() + 300_000_000;
while (Bun.nanoseconds() < busyUntil);
const ticksArrivedBusy = unread.length;
const ticks = await next();

// A Worker that doesn't read: the mailbox fills and says so; afterwards nothing is lost.
const gate = EventFd.create();
mailbox.send({ kind: "stall", forNs: 20e9, eventFd: gate.fd });
const stalling = await next();
let accepted = 0;
let refused = false;
for (let value = 0; value < 10 * LIMIT && !refused; value += 1) {
  if (mailbox.send({ kind: "echo", value })) accepted += 1;
  else refused = true;
}
gate.signal();
let afterStall = 0;
for (let value = 0; value < accepted; value += 1) {
  const answer = await next();
  if (answer.kind === "echo" && answer.value === value) afterStall += 1;
}

mailbox.send({ kind: "stop" });
const stopped = await next();
await new Promise((resolve) => worker.once("exit", resolve));
mailbox.close();
const sentAfterClose = mailbox.send({ kind: "stop" });
console.log(
  JSON.stringify({
    ready,
    inOrder,
    burst,
    answered,
    ticks,
    ticksArrivedBusy,
    stalling,
    accepted,
    refused,
    afterStall,
    stopped,
    sentAfterClose,
    limit: LIMIT,
    echoes: ECHOES,
  }),
);
