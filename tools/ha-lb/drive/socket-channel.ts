/**
 * How a worker gets the listening sockets that its master holds: over a Unix socket that it inherits. The master keeps
 * them, so that a worker's death loses no connection that waits, and another process may take them over.
 */
import { MOST_DESCRIPTORS, receiveDescriptors, sendDescriptors } from "../../../shared/drive/ffi/descriptors.ts";
import { close } from "../../../shared/drive/ffi/fd.ts";
import { SOCKET_TYPE, socketPair } from "../../../shared/drive/ffi/socket.ts";
import { z } from "zod";
import type { Bind } from "../model/bind.ts";
import { keyOf, type SocketSource } from "./listening-sockets.ts";
import { limitWaiting } from "./transfer.ts";

/** A side that doesn't take or give within this time is broken; a worker that only just starts reads late. */
const TIME_LIMIT_SECONDS = 30;
/** Bytes of one message: as many keys as descriptors go in one, and a key is at most a path long. */
const MESSAGE_BYTES = 128 * 1024;
/** Numbers of one list. */
const MOST_KEPT = 5000;

const messageSchema = z.object({
  /** The sockets beside, in this order. */
  add: z.array(z.object({ id: z.number(), key: z.string() })),
  /** All that the worker shall listen on; others it lets go. */
  keep: z.array(z.number()),
  last: z.boolean(),
});
type Message = z.infer<typeof messageSchema>;

/** A listening socket with a number that means it alone, unlike its descriptor. */
export interface NumberedSocket {
  readonly id: number;
  readonly key: string;
  readonly fd: number;
}

/** The master's end of one worker's channel. */
export class SocketGiver {
  private readonly own: number;
  /** To be inherited by the worker, and closed here by `inherited`. */
  readonly theirs: number;
  private given = new Set<number>();

  constructor() {
    [this.own, this.theirs] = socketPair(SOCKET_TYPE.SEQUENCED, { nonBlocking: false });
    limitWaiting(this.own, TIME_LIMIT_SECONDS);
  }

  inherited(): void {
    close(this.theirs);
  }

  /** From now on the worker shall listen on these and no others. False when it doesn't take them. */
  give(sockets: readonly NumberedSocket[]): boolean {
    const fresh = sockets.filter(({ id }) => !this.given.has(id));
    this.given = new Set(sockets.map(({ id }) => id));
    for (let at = 0; at < fresh.length; at += MOST_DESCRIPTORS) {
      const part = fresh.slice(at, at + MOST_DESCRIPTORS);
      const add = part.map(({ id, key }) => ({ id, key }));
      if (!this.send({ add, keep: [], last: false }, part)) return false;
    }
    const ids = [...this.given];
    for (let at = 0; at < ids.length; at += MOST_KEPT) {
      if (!this.send({ add: [], keep: ids.slice(at, at + MOST_KEPT), last: false }, [])) return false;
    }
    return this.send({ add: [], keep: [], last: true }, []);
  }

  private send(message: Message, sockets: readonly NumberedSocket[]): boolean {
    const bytes = Buffer.from(JSON.stringify(message));
    return (
      sendDescriptors(
        this.own,
        bytes,
        sockets.map(({ fd }) => fd),
      ) === bytes.length
    );
  }

  close(): void {
    close(this.own);
  }
}

/** The worker's end: sockets that the master gave. */
export class GivenSockets implements SocketSource {
  private readonly sockets = new Map<number, NumberedSocket>();

  constructor(private readonly channel: number) {
    limitWaiting(channel, TIME_LIMIT_SECONDS);
  }

  /** Takes what the master has sent, which it did before it asked for this. Throws when it didn't. */
  update(): void {
    const keep = new Set<number>();
    for (;;) {
      const received = receiveDescriptors(this.channel, MESSAGE_BYTES);
      if (typeof received === "number") throw new Error("the master sent no sockets");
      const message = messageSchema.parse(JSON.parse(Buffer.from(received.bytes).toString()));
      for (const [index, { id, key }] of message.add.entries()) {
        const fd = received.descriptors[index];
        if (fd === undefined) throw new Error(`socket ${key} didn't come`);
        this.sockets.set(id, { id, key, fd });
      }
      for (const id of message.keep) keep.add(id);
      if (!message.last) continue;
      this.keep = keep;
      return;
    }
  }
  private keep: ReadonlySet<number> = new Set();

  take(bind: Bind, port: number): readonly number[] {
    const key = keyOf(bind, port);
    const found = [...this.sockets.values()].filter((one) => one.key === key && this.keep.has(one.id));
    if (found.length === 0) throw new Error("the master has no socket for it");
    return found.map(({ fd }) => fd);
  }

  /** Lets go of what the master has no use for any more, after nothing listens on it. */
  release(): void {
    for (const [id, { fd }] of this.sockets) {
      if (this.keep.has(id)) continue;
      close(fd);
      this.sockets.delete(id);
    }
  }

  closeAll(): void {
    this.keep = new Set();
    this.release();
  }
}

/** Which of the master's sockets one of `workers` listens on: each on its own, or some on the same when there are fewer. */
export function shareOf(all: readonly NumberedSocket[], worker: number, workers: number): readonly NumberedSocket[] {
  const byKey = Map.groupBy(all, ({ key }) => key);
  return [...byKey.values()].flatMap((list) => {
    const own = list.filter((_one, index) => index % workers === worker - 1);
    const shared = list[(worker - 1) % list.length];
    return own.length > 0 || shared === undefined ? own : [shared];
  });
}
