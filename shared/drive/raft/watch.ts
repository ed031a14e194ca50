import type { KvEvent } from "../../effect/kv.ts";

/** Watches of one node: they are served from its own applied state, and from the last events. */
export const MAX_EVENT_HISTORY = 20_000;
export const MAX_WATCHES = 1000;

type Listener = (events: readonly KvEvent[] | null) => void;

export class WatchHub {
  private history: KvEvent[] = [];
  private readonly listeners = new Set<{ readonly prefix: string; readonly listener: Listener }>();

  /** `knownFrom`: events after this revision are in the history. */
  constructor(private knownFrom: number) {}

  publish(events: readonly KvEvent[]): void {
    this.history.push(...events);
    if (this.history.length > MAX_EVENT_HISTORY * 1.25) {
      this.history = this.history.slice(-MAX_EVENT_HISTORY);
      // Events of one revision belong together: what is left of the first one may be incomplete.
      this.knownFrom = this.history[0]?.revision ?? this.knownFrom;
    }
    for (const watch of this.listeners) {
      const wanted = events.filter((event) => event.key.startsWith(watch.prefix));
      if (wanted.length > 0) watch.listener(wanted);
    }
  }

  /** The store was replaced as a whole. */
  reset(revision: number): void {
    this.history = [];
    this.knownFrom = revision;
    for (const watch of this.listeners) watch.listener(null);
  }

  /** Events of keys with the prefix, from a revision on (that one included). Null to the listener: some were missed. */
  watch(prefix: string, fromRevision: number, listener: Listener): () => void {
    if (this.listeners.size >= MAX_WATCHES) throw new Error(`more than ${MAX_WATCHES} watches`);
    const watch = { prefix, listener };
    this.listeners.add(watch);
    if (fromRevision <= this.knownFrom) listener(null);
    else {
      const missed = this.history.filter((event) => event.revision >= fromRevision && event.key.startsWith(prefix));
      if (missed.length > 0) listener(missed);
    }
    return () => this.listeners.delete(watch);
  }
}
