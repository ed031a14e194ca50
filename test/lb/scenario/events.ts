/**
 * What has happened on one side of a run, by name: `asked /a` (a server has the whole request or those bytes), `began /a`
 * (its head, or the first bytes), `gone /a` (the server's connection is closed), `opened-x` and `done-x` (the client named x
 * is connected, or has ended), and whatever a client tells. Who must act before or after another waits for that, not for a time.
 */
const WAIT_LIMIT_MS = 30_000;

export class Events {
  private readonly seen = new Set<string>();
  private readonly waiting = new Map<string, (() => void)[]>();

  tell(name: string): void {
    this.seen.add(name);
    for (const go of this.waiting.get(name) ?? []) go();
    this.waiting.delete(name);
  }

  /** @returns whether it has happened; false when it did not in a long time */
  async when(name: string): Promise<boolean> {
    if (this.seen.has(name)) return true;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), WAIT_LIMIT_MS);
    this.waiting.set(name, [...(this.waiting.get(name) ?? []), () => resolve(true)]);
    const happened = await promise;
    clearTimeout(timer);
    return happened;
  }
}
