/**
 * The order in which Pacemaker's tables of nodes (hash tables of GLib) list what was put in: it decides between nodes
 * whose capacities can't be compared. Followed for equality alone; no order of such nodes is better than another.
 */
const LEAST_SHIFT = 3;
/** Hashes are taken modulo the prime at the table's number of bits; the last one is for 2048 places. */
const PRIMES = [1, 2, 3, 7, 13, 31, 61, 127, 251, 509, 1021, 2039] as const;
const SPREAD = 11;
const bytes = new TextEncoder();

function hashOf(key: string): number {
  let hash = 0;
  for (const byte of bytes.encode(key.replace(/[A-Z]/g, (letter) => letter.toLowerCase()))) {
    hash = (Math.imul(hash, 31) + ((byte << 24) >> 24)) >>> 0;
  }
  return hash;
}

interface Entry<T> {
  readonly item: T;
  readonly hash: number;
}

class Table<T> {
  places: (Entry<T> | undefined)[] = Array.from({ length: 1 << LEAST_SHIFT });
  private shift = LEAST_SHIFT;
  private count = 0;

  insert(entry: Entry<T>): void {
    this.places[this.free(entry, (place) => this.places[place] !== undefined)] = entry;
    this.count += 1;
    if (this.places.length <= this.count + Math.trunc(this.count / 16)) this.grow();
  }

  private free({ hash }: Entry<T>, taken: (place: number) => boolean): number {
    const size = 1 << this.shift;
    let place = (Math.imul(hash, SPREAD) >>> 0) % (PRIMES[this.shift] ?? size);
    for (let step = 1; taken(place); step += 1) place = (place + step) & (size - 1);
    return place;
  }

  /** Each entry goes to its new place at once; one that it drives out from there goes next. */
  private grow(): void {
    const old = this.places.length;
    this.shift = 32 - Math.clz32(Math.trunc(this.count * 1.333));
    const settled = new Set<number>();
    for (let index = 0; index < old; index += 1) {
      if (settled.has(index)) continue;
      let moving = this.places[index];
      this.places[index] = undefined;
      while (moving !== undefined) {
        const place = this.free(moving, (one) => settled.has(one));
        settled.add(place);
        const evicted: Entry<T> | undefined = this.places[place];
        this.places[place] = moving;
        moving = evicted;
      }
    }
    this.places.length = 1 << this.shift;
  }
}

/** Things in the order in which such a table lists them when they are put in one after the other. */
export function tableOrder<T extends { readonly id: string }>(items: readonly T[]): T[] {
  const table = new Table<T>();
  for (const item of items) table.insert({ item, hash: hashOf(item.id) });
  return table.places.flatMap((entry) => (entry === undefined ? [] : [entry.item]));
}

/** Merges halves; unlike the built-in sort its result is fixed also for a comparison that isn't transitive. */
export function mergeSort<T>(items: readonly T[], compare: (left: T, right: T) => number): T[] {
  if (items.length < 2) return items.slice();
  const half = items.length >> 1;
  const left = mergeSort(items.slice(0, half), compare);
  const right = mergeSort(items.slice(half), compare);
  const merged: T[] = [];
  for (let i = 0, j = 0; i < left.length || j < right.length;) {
    const [one, other] = [left[i], right[j]];
    if (one !== undefined && (other === undefined || compare(one, other) <= 0)) {
      merged.push(one);
      i += 1;
    } else if (other !== undefined) {
      merged.push(other);
      j += 1;
    }
  }
  return merged;
}
