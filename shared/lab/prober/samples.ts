/** What a probe remembers of each attempt: bounded, in flat arrays, so that a million attempts cost 25 MB. Pure. */

/** Attempts that one probe remembers; at one a millisecond more than an hour. */
export const SAMPLE_LIMIT = 4_000_000;
/** Different answering hosts and different error texts that are told apart. */
export const NAME_LIMIT = 1_000;

const FIRST_CAPACITY = 16_384;

/** Short texts as numbers. 0 means none. */
export class Names {
  readonly #numbers = new Map<string, number>();
  readonly #texts: string[] = [""];

  numberOf(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    if (this.#texts.length >= NAME_LIMIT) return this.#texts.length - 1;
    this.#texts.push(text);
    this.#numbers.set(text, this.#texts.length - 1);
    return this.#texts.length - 1;
  }

  textOf(number: number): string {
    return this.#texts[number] ?? "";
  }
}

/** Attempts in the order they were started. Times are nanoseconds of the machine's monotonic clock. */
export class Samples {
  readonly hosts = new Names();
  readonly errors = new Names();
  #started = new Float64Array(FIRST_CAPACITY);
  #ended = new Float64Array(FIRST_CAPACITY);
  #host = new Uint16Array(FIRST_CAPACITY);
  #error = new Uint16Array(FIRST_CAPACITY);
  #count = 0;
  #endedCount = 0;

  get count(): number {
    return this.#count;
  }

  /** Attempts that were neither answered nor failed. */
  get open(): number {
    return this.#count - this.#endedCount;
  }

  /** Begins an attempt and returns its number, or -1 when the memory is full. */
  start(nowNs: number): number {
    if (this.#count >= SAMPLE_LIMIT) return -1;
    if (this.#count === this.#started.length) this.#grow();
    this.#started[this.#count] = nowNs;
    this.#count += 1;
    return this.#count - 1;
  }

  /** An answer came. The first one counts. */
  answer(number: number, nowNs: number, host: string): void {
    if (number < 0 || number >= this.#count || this.#ended[number] !== 0) return;
    this.#ended[number] = nowNs;
    this.#endedCount += 1;
    this.#host[number] = this.hosts.numberOf(host);
  }

  /** The attempt failed for a known reason. */
  fail(number: number, nowNs: number, error: string): void {
    if (number < 0 || number >= this.#count || this.#ended[number] !== 0) return;
    this.#ended[number] = nowNs;
    this.#endedCount += 1;
    this.#error[number] = this.errors.numberOf(error);
  }

  startedNs(number: number): number {
    return this.#started[number] ?? 0;
  }

  /** When it was answered or failed; 0 while neither happened. */
  endedNs(number: number): number {
    return this.#ended[number] ?? 0;
  }

  /** Who answered; "" when nobody did. */
  host(number: number): string {
    return this.hosts.textOf(this.#host[number] ?? 0);
  }

  /** Why it failed; "" when it didn't, or when simply no answer came. */
  error(number: number): string {
    return this.errors.textOf(this.#error[number] ?? 0);
  }

  isAnswered(number: number): boolean {
    return (this.#host[number] ?? 0) !== 0;
  }

  #grow(): void {
    const capacity = this.#started.length * 2;
    const started = new Float64Array(capacity);
    const ended = new Float64Array(capacity);
    const host = new Uint16Array(capacity);
    const error = new Uint16Array(capacity);
    started.set(this.#started);
    ended.set(this.#ended);
    host.set(this.#host);
    error.set(this.#error);
    this.#started = started;
    this.#ended = ended;
    this.#host = host;
    this.#error = error;
  }
}
