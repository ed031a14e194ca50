/**
 * What a table has for a word that somebody else wrote. A plain index would also find what every object inherits:
 * `constructor` and `valueOf` are words, too.
 */
export function lookUp<Value>(table: Readonly<Partial<Record<string, Value>>>, word: string): Value | undefined {
  return Object.hasOwn(table, word) ? table[word] : undefined;
}
