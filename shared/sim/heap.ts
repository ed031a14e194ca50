/** A binary heap of timed events. Events of the same moment come out in the order in which they were put in. */
export interface Timed {
  readonly atMs: number;
  readonly order: number;
}

export class EventHeap<Item extends Timed> {
  private readonly items: Item[] = [];

  push(item: Item): void {
    const items = this.items;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = items[up];
      if (parent === undefined || before(parent, item)) break;
      items[at] = parent;
      at = up;
    }
    items[at] = item;
  }

  pop(): Item | undefined {
    const items = this.items;
    const first = items[0];
    const last = items.pop();
    if (first === undefined || last === undefined || items.length === 0) return first;
    const count = items.length;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      let child = items[down];
      if (child === undefined) break;
      const right = items[down + 1];
      if (right !== undefined && down + 1 < count && before(right, child)) {
        down += 1;
        child = right;
      }
      if (before(last, child)) break;
      items[at] = child;
      at = down;
    }
    items[at] = last;
    return first;
  }
}

function before(a: Timed, b: Timed): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
