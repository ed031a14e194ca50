/**
 * A small deterministic random source (sfc32, Chris Doty-Humphrey's PractRand generator; public domain design).
 * Decisions that need jitter take one of these as a value, so that the same seed always gives the same run.
 */
export interface Random {
  /** An integer in [0, 2^32). */
  nextUint32(): number;
  /** An integer in [low, high], both included. */
  integer(low: number, high: number): number;
  /** A number in [0, 1). */
  fraction(): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
}

const WARM_UP_ROUNDS = 12;

/** Makes a random source. Different seeds (any integers) give unrelated sequences. */
export function createRandom(seed: number): Random {
  let a = seed | 0;
  let b = Math.floor(seed / 0x1_0000_0000) | 0;
  let c = 0x9e3779b9 | 0;
  let counter = 1;
  const nextUint32 = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return sum >>> 0;
  };
  for (let round = 0; round < WARM_UP_ROUNDS; round += 1) nextUint32();
  const fraction = (): number => nextUint32() / 0x1_0000_0000;
  return {
    nextUint32,
    fraction,
    integer: (low, high) => low + Math.floor(fraction() * (high - low + 1)),
    chance: (probability) => fraction() < probability,
    pick: (items) => {
      const item = items[Math.floor(fraction() * items.length)];
      if (item === undefined) throw new Error("pick from an empty list");
      return item;
    },
  };
}
