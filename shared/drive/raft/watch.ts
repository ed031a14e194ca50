import type { KvEvent } from "../../effect/kv.ts";

/** Watches of one node: they are served from its own applied state, and from the last events. */
const MAX_EVENT_HISTORY = 20_000;
/** Of keys and values: a few thousand large ones must not cost more memory than the store itself. */
const MAX_HISTORY_CHARACTERS = 16 * 1024 * 1024;
/** It is cut when it is longer than allowed by this much: not with every event. */
const HISTORY_SLACK = 1.25;
/** More than the control socket lets all its clients open. */
const MAX_WATCHES = 2048;

type Listener = (events: readonly KvEvent[] | null) => void;

export class WatchHub {
  private history: KvEvent[] = [];
  private historyCharacters = 0;
  private readonly listeners = new Set<{
    readonly prefix: string;
    readonly fromRevision: number;
    readonly listener: Listener;
  }>();

  /** `knownFrom`: events after this revision are in the history. */
  constructor(private knownFrom: number) {}

  publish(events: readonly KvEvent[]): void {
    for (const event of events) {
      this.history.push(event);
      this.historyCharacters += charactersOf(event);
    }
    if (
      this.history.length > MAX_EVENT_HISTORY * HISTORY_SLACK ||
      this.historyCharacters > MAX_HISTORY_CHARACTERS * HISTORY_SLACK
    ) {
      this.cutHistory();
    }
    for (const watch of this.listeners) {
      // This node may be behind the one whose answer named the revision: what was before it is known there.
      const wanted = events.filter(
        (event) => event.revision >= watch.fromRevision && event.key.startsWith(watch.prefix),
      );
      if (wanted.length > 0) watch.listener(wanted);
    }
  }

  private cutHistory(): void {
    let from = Math.max(0, this.history.length - MAX_EVENT_HISTORY);
    let characters = this.history.slice(from).reduce((sum, event) => sum + charactersOf(event), 0);
    for (; characters > MAX_HISTORY_CHARACTERS; from += 1) {
      const event = this.history[from];
      if (event === undefined) break;
      characters -= charactersOf(event);
    }
    // Events of one revision belong together: what is left of the first one may be incomplete.
    this.knownFrom = this.history[from]?.revision ?? this.history.at(-1)?.revision ?? this.knownFrom;
    this.history = this.history.slice(from);
    this.historyCharacters = characters;
  }

  /** The store was replaced as a whole. */
  reset(revision: number): void {
    this.history = [];
    this.historyCharacters = 0;
    this.knownFrom = revision;
    for (const watch of this.listeners) watch.listener(null);
  }

  /** Events of keys with the prefix, from a revision on (that one included). Null to the listener: some were missed. */
  watch(prefix: string, fromRevision: number, listener: Listener): () => void {
    if (this.listeners.size >= MAX_WATCHES) throw new Error(`more than ${MAX_WATCHES} watches`);
    const watch = { prefix, fromRevision, listener };
    this.listeners.add(watch);
    if (fromRevision <= this.knownFrom) listener(null);
    else {
      const missed = this.history.filter((event) => event.revision >= fromRevision && event.key.startsWith(prefix));
      if (missed.length > 0) listener(missed);
    }
    return () => this.listeners.delete(watch);
  }
}

function charactersOf(event: KvEvent): number {
  return event.key.length + (event.record?.value.length ?? 0);
}
