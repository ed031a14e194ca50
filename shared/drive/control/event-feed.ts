import { MAX_STATUS_EVENTS, type StatusEvent } from "../../model/status.ts";

/** Events kept for those who ask later. */
export const MOST_KEPT_EVENTS = 1000;

/** What has happened lately, for the status report and for those who follow. */
export class EventFeed {
  readonly #kept: StatusEvent[] = [];
  readonly #followers = new Set<(event: StatusEvent) => void>();

  push(event: StatusEvent): void {
    this.#kept.push(event);
    if (this.#kept.length > MOST_KEPT_EVENTS) this.#kept.shift();
    for (const follower of this.#followers) follower(event);
  }

  /** The newest first. */
  recent(limit = MAX_STATUS_EVENTS): StatusEvent[] {
    return this.#kept.slice(-limit).toReversed();
  }

  /** Calls `follower` with every later event until the function it gives is called. */
  follow(follower: (event: StatusEvent) => void): () => void {
    this.#followers.add(follower);
    return () => {
      this.#followers.delete(follower);
    };
  }
}
