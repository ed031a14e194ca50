import { LONGEST_MESSAGE, type ChildMessage } from "./channel.ts";

/** Messages that wait while the supervisor doesn't read; beats never wait. */
const MOST_WAITING = 64;

/** The writable side of a socket: takes what fits and tells how many bytes that were, or -1 when closed. */
export interface PartialWriter {
  write(bytes: Uint8Array): number;
}

/**
 * Sends whole lines over a socket that may take only a part. A supervisor that is stopped must not make the child
 * wait or eat memory: beats are left out then, and of the rest the oldest is given up.
 */
export class ChildSender {
  readonly #writer: PartialWriter;
  #rest: Uint8Array = new Uint8Array(0);
  readonly #waiting: Uint8Array[] = [];

  constructor(writer: PartialWriter) {
    this.#writer = writer;
  }

  send(message: ChildMessage): void {
    const busy = this.#rest.length > 0;
    if (message.kind === "beat" && busy) return;
    const line = new TextEncoder().encode(`${JSON.stringify(message)}\n`);
    if (line.length > LONGEST_MESSAGE) throw new Error(`a message of ${line.length} bytes to the supervisor`);
    if (busy) {
      this.#waiting.push(line);
      if (this.#waiting.length > MOST_WAITING) this.#waiting.shift();
      return;
    }
    this.#rest = line;
    this.flush();
  }

  /** The socket may take more. */
  flush(): void {
    while (this.#rest.length > 0) {
      const taken = this.#writer.write(this.#rest);
      if (taken <= 0) return;
      this.#rest =
        taken >= this.#rest.length ? (this.#waiting.shift() ?? new Uint8Array(0)) : this.#rest.subarray(taken);
    }
  }
}
