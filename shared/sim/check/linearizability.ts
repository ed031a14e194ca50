/**
 * Are the answers that clients saw those of one store that does one thing at a time? The search of Wing and Gong with Lowe's
 * memory of visited states, one key at a time (linearizability is local: Herlihy and Wing 1990, theorem 1).
 * Values are unique per write, so a register's whole state is the value it holds.
 */
export type KeyOperation =
  | { readonly kind: "put"; readonly value: string }
  | { readonly kind: "delete" }
  | { readonly kind: "read"; readonly seen: string | null }
  /** `won` null: the outcome is unknown. */
  | { readonly kind: "cas"; readonly expected: string | null; readonly value: string; readonly won: boolean | null };

export interface HistoryItem {
  readonly key: string;
  readonly operation: KeyOperation;
  readonly invokedMs: number;
  /** Infinity: never answered; it may have happened at any time after its call, or never. */
  readonly returnedMs: number;
}

/** States visited in the search of one key; beyond it the search gives up and says so. */
export const MAX_SEARCH_STATES = 200_000;

export type Verdict = "linearizable" | "violated" | "undecided";

/** Checks every key; gives the first key that fails. */
export function checkHistory(history: readonly HistoryItem[]): { readonly verdict: Verdict; readonly key: string } {
  const keys = new Map<string, HistoryItem[]>();
  for (const item of history) {
    const items = keys.get(item.key);
    if (items === undefined) keys.set(item.key, [item]);
    else items.push(item);
  }
  for (const [key, items] of keys) {
    const verdict = checkKey(items);
    if (verdict !== "linearizable") return { verdict, key };
  }
  return { verdict: "linearizable", key: "" };
}

/** What a register holds after the operation, or undefined when it can't have given its answer in this state. */
function apply(state: string | null, operation: KeyOperation): string | null | undefined {
  switch (operation.kind) {
    case "put":
      return operation.value;
    case "delete":
      return null;
    case "read":
      return operation.seen === state ? state : undefined;
    case "cas": {
      const matches = operation.expected === state;
      if (operation.won === null) return matches ? operation.value : state;
      if (operation.won !== matches) return undefined;
      return matches ? operation.value : state;
    }
  }
}

function checkKey(unsorted: readonly HistoryItem[]): Verdict {
  const items = [...unsorted].sort((a, b) => a.invokedMs - b.invokedMs);
  const done = new Uint8Array(items.length);
  const visited = new Set<string>();
  const pending = { first: 0, required: items.filter((item) => item.returnedMs < Number.POSITIVE_INFINITY).length };
  const stack: { readonly at: number; readonly before: string | null; readonly first: number }[] = [];
  let state: string | null = null;
  let next = 0;
  for (;;) {
    if (pending.required === 0) return "linearizable";
    const candidate = nextCandidate(items, done, pending.first, next, state);
    if (candidate !== null) {
      const [at, after] = candidate;
      done[at] = 1;
      let first = pending.first;
      while (done[first] === 1) first += 1;
      const memory = `${first}:${after}:${openBits(done, first)}`;
      if (visited.has(memory)) {
        done[at] = 0;
        next = at + 1;
        continue;
      }
      if (visited.size >= MAX_SEARCH_STATES) return "undecided";
      visited.add(memory);
      stack.push({ at, before: state, first: pending.first });
      state = after;
      pending.first = first;
      if ((items[at]?.returnedMs ?? 0) < Number.POSITIVE_INFINITY) pending.required -= 1;
      next = first;
      continue;
    }
    const back = stack.pop();
    if (back === undefined) return "violated";
    done[back.at] = 0;
    state = back.before;
    pending.first = back.first;
    if ((items[back.at]?.returnedMs ?? 0) < Number.POSITIVE_INFINITY) pending.required += 1;
    next = back.at + 1;
  }
}

/** Operations done beyond the first open one; with it and the state it names the whole search state. */
function openBits(done: Uint8Array, first: number): string {
  let bits = "";
  for (let at = first + 1; at < done.length; at += 1) if (done[at] === 1) bits += `${at - first},`;
  return bits;
}

/** The next operation from `next` on that may come first now: nothing open returned before it was called. */
function nextCandidate(
  items: readonly HistoryItem[],
  done: Uint8Array,
  first: number,
  next: number,
  state: string | null,
): readonly [number, string | null] | null {
  let earliestReturn = Number.POSITIVE_INFINITY;
  for (let at = first; at < items.length; at += 1) {
    const item = items[at];
    if (item === undefined || item.invokedMs > earliestReturn) return null;
    if (done[at] === 1) continue;
    if (at >= next) {
      const after = apply(state, item.operation);
      if (after !== undefined) return [at, after];
    }
    earliestReturn = Math.min(earliestReturn, item.returnedMs);
  }
  return null;
}
