/**
 * Messages between the main thread and a Worker that is blocked in a `PollLoop`.
 *
 * A message port carries the values (structured clone, in order); an eventfd wakes the Worker, which then
 * takes what waits with `receiveMessageOnPort`, without its event loop. The way back needs no descriptor:
 * the main thread's event loop hears the port. Both directions hold at most `limit` messages.
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { EventFd } from "./eventfd.ts";

export const MAILBOX_LIMIT_MESSAGES = 4096;

const TO_WORKER = 0;
const TO_MAIN = 1;

/** What the Worker needs to open its end: hand it over in `workerData`, with `port` in `transferList`. */
export interface MailboxTicket {
  readonly port: MessagePort;
  readonly wakeFd: number;
  /** Messages on their way, per direction. */
  readonly pending: SharedArrayBuffer;
  readonly limit: number;
}

/** The main thread's end. */
export class Mailbox<ToWorker, ToMain> {
  readonly ticket: MailboxTicket;
  readonly #port: MessagePort;
  readonly #wake: EventFd;
  readonly #pending: Int32Array;
  #closed = false;

  /** `onMessage` gets what the Worker sends, on the main thread's event loop. Throws `SystemError`. */
  constructor(onMessage: (message: ToMain) => void, limit = MAILBOX_LIMIT_MESSAGES) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#wake = EventFd.create();
    this.ticket = { port: port2, wakeFd: this.#wake.fd, pending: new SharedArrayBuffer(8), limit };
    this.#pending = new Int32Array(this.ticket.pending);
    port1.on("message", (message: ToMain) => {
      Atomics.sub(this.#pending, TO_MAIN, 1);
      onMessage(message);
    });
  }

  /** Sends and wakes the Worker. False, and the message is dropped, when `limit` wait: the Worker is stuck or overwhelmed. */
  send(message: ToWorker): boolean {
    if (this.#closed || Atomics.load(this.#pending, TO_WORKER) >= this.ticket.limit) return false;
    Atomics.add(this.#pending, TO_WORKER, 1);
    this.#port.postMessage(message);
    return this.#wake.signal() === 0;
  }

  /** Call it after the Worker has ended: its loop watches the descriptor. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#port.close();
    this.#wake.close();
  }
}

/** The Worker's end. */
export class WorkerMailbox<ToMain, ToWorker> {
  readonly #ticket: MailboxTicket;
  readonly #wake: EventFd;
  readonly #pending: Int32Array;

  constructor(ticket: MailboxTicket) {
    this.#ticket = ticket;
    this.#wake = EventFd.from(ticket.wakeFd);
    this.#pending = new Int32Array(ticket.pending);
  }

  /** Watch it for `POLL.IN` and then call `receive`. */
  get fd(): number {
    return this.#wake.fd;
  }

  /** The messages that wait, in order; never blocks. */
  receive(): ToWorker[] {
    // Drained first: a message that comes while we read signals again and isn't lost.
    this.#wake.drain();
    const messages: ToWorker[] = [];
    for (let count = 0; count < this.#ticket.limit; count += 1) {
      const received: { message: ToWorker } | undefined = receiveMessageOnPort(this.#ticket.port);
      if (received === undefined) break;
      Atomics.sub(this.#pending, TO_WORKER, 1);
      messages.push(received.message);
    }
    return messages;
  }

  /**
   * Sends to the main thread, also while this thread never returns to its event loop. False when `limit`
   * wait, because the main thread is busy: the message is dropped, so keep it or let it be overtaken by news.
   */
  send(message: ToMain): boolean {
    if (Atomics.load(this.#pending, TO_MAIN) >= this.#ticket.limit) return false;
    Atomics.add(this.#pending, TO_MAIN, 1);
    this.#ticket.port.postMessage(message);
    return true;
  }
}
