/** Lines that wait while their receiver is busy. */
export const MOST_WAITING_LINES = 1000;
export const MOST_WAITING_CHARACTERS = 1024 * 1024;

/** Where lines go. Never waits, never throws. */
export interface LogSink {
  /** Takes a line, or drops it when its queue is full. */
  write(line: string): void;
  /** Tries to send what waits. */
  flush(): void;
  /** Lines lost so far. */
  dropped(): number;
  close(): void;
}

/** Sends one line: `sent`, `later` (try again), or `lost` (never will be). */
export type TrySend = (line: string) => "sent" | "later" | "lost";

/** A queue with limits in front of something that may refuse for a while. The newest is dropped when it is full. */
export class QueuedSink implements LogSink {
  readonly #trySend: TrySend;
  readonly #end: () => void;
  readonly #waiting: string[] = [];
  #characters = 0;
  #dropped = 0;
  #untold = 0;

  constructor(trySend: TrySend, end: () => void = () => undefined) {
    this.#trySend = trySend;
    this.#end = end;
  }

  write(line: string): void {
    this.flush();
    if (this.#waiting.length === 0 && this.#send(line)) return;
    const full = this.#waiting.length >= MOST_WAITING_LINES || this.#characters + line.length > MOST_WAITING_CHARACTERS;
    if (full) {
      this.#lose();
      return;
    }
    this.#waiting.push(line);
    this.#characters += line.length;
  }

  flush(): void {
    for (;;) {
      const line = this.#waiting[0];
      if (line === undefined || !this.#send(line)) return;
      this.#waiting.shift();
      this.#characters -= line.length;
    }
  }

  dropped(): number {
    return this.#dropped;
  }

  /** Lines lost since the last call; the logger tells them in a record. */
  takeUntold(): number {
    const untold = this.#untold;
    this.#untold = 0;
    return untold;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  close(): void {
    this.flush();
    this.#end();
  }

  #lose(): void {
    this.#dropped += 1;
    this.#untold += 1;
  }

  /** True when the line is dealt with. */
  #send(line: string): boolean {
    const outcome = this.#trySend(line);
    if (outcome === "lost") this.#lose();
    return outcome !== "later";
  }
}
