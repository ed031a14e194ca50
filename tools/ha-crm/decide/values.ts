/** Readers for the values of options: booleans, times, whole numbers. */
export function isTrue(text: string | undefined): boolean {
  return text !== undefined && /^(true|on|yes|y|1)$/i.test(text);
}

/** A boolean option, or its default when it is absent or no boolean. */
export function booleanOr(text: string | undefined, otherwise: boolean): boolean {
  if (text === undefined) return otherwise;
  if (isTrue(text)) return true;
  return /^(false|off|no|n|0)$/i.test(text) ? false : otherwise;
}

export function wholeOr(text: string | undefined, otherwise: number): number {
  if (text === undefined || !/^\s*[+-]?\d+\s*$/.test(text)) return otherwise;
  return Number.parseInt(text, 10);
}

/** Is a version (`3.16.1`) older than this one? None at all is the oldest. */
export function isOlder(version: string | undefined, than: readonly number[]): boolean {
  const parts = (version ?? "").split(".").map((word) => Number.parseInt(word, 10) || 0);
  for (const [index, wanted] of than.entries()) {
    const found = parts[index] ?? 0;
    if (found !== wanted) return found < wanted;
  }
  return false;
}
