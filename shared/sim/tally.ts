/** Counts what a run has really met, so that a test can tell a fault that is tried from one that takes effect. */
export class Tally {
  readonly counts: Record<string, number> = {};

  count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }
}
