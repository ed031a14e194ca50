import { compareAndPut, type Coordination } from "../../shared/effect/coordination.ts";

/** Clients that count one key up together by compare-and-set: in the end it shows whether any write was lost or done twice. */
export class Counting {
  won = 0;
  unknown = 0;
  private running = true;

  constructor(private readonly key: string) {}

  /** Counts until told to stop, or so many times. */
  async run(on: Coordination, tries = Number.POSITIVE_INFINITY): Promise<void> {
    for (let tried = 0; this.running && tried < tries; tried += 1) {
      const read = await on.get(this.key);
      const record = read.ok ? read.value.records[0] : undefined;
      if (record === undefined) continue;
      const next = await compareAndPut(on, this.key, record.modRevision, String(Number(record.value) + 1));
      if (next.ok) this.won += 1;
      else if (next.code === "UNKNOWN_OUTCOME") this.unknown += 1;
    }
  }

  /** Lets clients begin again after `stop`. */
  resume(): void {
    this.running = true;
  }

  stop(): void {
    this.running = false;
  }

  /** What was answered as done was done once; what is unknown, at most once. */
  explains(counted: number): boolean {
    return counted >= this.won && counted <= this.won + this.unknown;
  }
}
