/** The traffic thread's side of splicing: hands streams over, and hears what became of them. */
import { Worker } from "node:worker_threads";
import { close, duplicate } from "../../../../shared/drive/ffi/fd.ts";
import { Mailbox } from "../../../../shared/drive/ffi/mailbox.ts";
import { setResetOnClose } from "../../../../shared/drive/ffi/socket.ts";
import { workerUrl } from "../../../../shared/drive/worker-url.ts";
import type { FromSplicer, SpliceEnd, ToSplicer } from "./messages.ts";

/** A stream that was handed over. */
export interface SplicedStream {
  onMoved(fromClient: number, fromServer: number): void;
  onSpliceEnd(how: SpliceEnd): void;
}

/** What a runtime's socket tells of itself; its types leave the descriptor out. */
function descriptorOf(socket: object): number {
  return "fd" in socket && typeof socket.fd === "number" ? socket.fd : -1;
}

export class Splicer {
  private mailbox: Mailbox<ToSplicer, FromSplicer> | undefined;
  private readonly streams = new Map<number, SplicedStream>();
  private lastId = 0;
  /** The thread could not be had, or died: streams stay with this thread. */
  private broken = false;

  /**
   * Hands a stream over, whose sockets have nothing left to send. On success `letGo` has been called, which must
   * close the runtime's sockets without ending the connections; they live on in the other thread.
   */
  take(
    stream: SplicedStream,
    client: object,
    server: object,
    silenceMs: number | undefined,
    letGo: () => void,
  ): boolean {
    const mailbox = this.open();
    const [clientOwn, serverOwn] = [descriptorOf(client), descriptorOf(server)];
    if (mailbox === undefined || clientOwn < 0 || serverOwn < 0) return false;
    const clientFd = duplicate(clientOwn);
    const serverFd = duplicate(serverOwn);
    this.lastId += 1;
    const id = this.lastId;
    letGo();
    // The runtime closes with a reset, which waits for the last descriptor: not any more.
    setResetOnClose(clientFd, false);
    setResetOnClose(serverFd, false);
    this.streams.set(id, stream);
    if (!mailbox.send({ kind: "take", id, clientFd, serverFd, silenceMs })) {
      close(clientFd);
      close(serverFd);
      this.ended(id, "client");
    }
    return true;
  }

  /** Ends a stream that was handed over; `onSpliceEnd` follows. */
  cut(stream: SplicedStream): void {
    for (const [id, one] of this.streams) if (one === stream) this.mailbox?.send({ kind: "cut", id });
  }

  private open(): Mailbox<ToSplicer, FromSplicer> | undefined {
    if (this.broken || this.mailbox !== undefined) return this.mailbox;
    const mailbox = new Mailbox<ToSplicer, FromSplicer>((message) => this.onMessage(message));
    const worker = new Worker(workerUrl("tools/ha-lb/drive/splice/splice-worker.ts"), {
      workerData: mailbox.ticket,
      transferList: [mailbox.ticket.port],
    });
    worker.on("error", () => this.onBroken());
    worker.on("exit", () => this.onBroken());
    worker.unref();
    this.mailbox = mailbox;
    return mailbox;
  }

  private onMessage(message: FromSplicer): void {
    if (message.kind === "moved") {
      for (const { id, fromClient, fromServer } of message.counts)
        this.streams.get(id)?.onMoved(fromClient, fromServer);
      return;
    }
    this.streams.get(message.id)?.onMoved(message.fromClient, message.fromServer);
    this.ended(message.id, message.how);
  }

  private ended(id: number, how: SpliceEnd): void {
    const stream = this.streams.get(id);
    this.streams.delete(id);
    stream?.onSpliceEnd(how);
  }

  private onBroken(): void {
    this.broken = true;
    this.mailbox = undefined;
    for (const id of Array.from(this.streams.keys())) this.ended(id, "server");
  }
}

/** One for the process: streams of all data planes, also of those that a reload replaced. */
export const splicer = new Splicer();
