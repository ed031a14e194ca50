import { EventHeap, type Timed } from "./heap.ts";

interface Queued extends Timed {
  readonly call: () => void;
}

/** Virtual time for a simulated world: what was planned happens in order of its moment, and time jumps from one to the next. */
export class Timeline {
  nowMs = 0;
  events = 0;
  /** Set when all is mended: what was planned before happens no more. */
  peace = false;
  private readonly heap = new EventHeap<Queued>();
  private order = 0;

  after(ms: number, call: () => void): void {
    this.order += 1;
    this.heap.push({ atMs: this.nowMs + Math.max(0, ms), order: this.order, call });
  }

  /** As `after`, unless all was mended by then. */
  inChaos(ms: number, call: () => void): void {
    this.after(ms, () => {
      if (!this.peace) call();
    });
  }

  runUntil(endMs: number): void {
    let ended = false;
    this.after(endMs - this.nowMs, () => (ended = true));
    for (let event = this.heap.pop(); event !== undefined; event = this.heap.pop()) {
      this.nowMs = event.atMs;
      this.events += 1;
      event.call();
      this.onEvent();
      if (ended) return;
    }
  }

  /** Called after everything that happened. */
  protected onEvent(): void {}
}
