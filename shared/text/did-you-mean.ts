/** Words longer than this are never compared: the cost is quadratic and nobody mistypes so long a word. */
const LONGEST_WORD = 64;
/** How many suggestions a list holds at most. */
const MOST_SUGGESTIONS = 3;

/**
 * Edit distance with neighbours swapped counting as one edit (optimal string alignment form of
 * Damerau-Levenshtein), or `bound + 1` as soon as it is certain to exceed `bound`.
 */
export function editDistance(left: string, right: string, bound: number): number {
  if (Math.abs(left.length - right.length) > bound) return bound + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    let best = row;
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1];
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped =
        row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (swapped) cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      current.push(cost);
      best = Math.min(best, cost);
    }
    // A swap reaches two rows back, so one bad row alone doesn't decide.
    if (best > bound && Math.min(...last) > bound) return bound + 1;
    beforeLast = last;
    last = current;
  }
  return Math.min(last[right.length] ?? 0, bound + 1);
}

/** How many typing errors we forgive: one in short words, one for every three letters in long ones. */
function forgiven(word: string): number {
  return Math.max(1, Math.floor(word.length / 3));
}

/** The candidates that `word` may be a mistyping of, nearest first, at most three. Letter case and -/_ don't count. */
export function suggestions(word: string, candidates: Iterable<string>): readonly string[] {
  if (word.length === 0 || word.length > LONGEST_WORD) return [];
  const plain = (text: string) => text.toLowerCase().replaceAll("_", "-");
  const wanted = plain(word);
  const bound = forgiven(word);
  const found: { readonly candidate: string; readonly distance: number }[] = [];
  for (const candidate of new Set(candidates)) {
    if (candidate.length > LONGEST_WORD || candidate === word) continue;
    const other = plain(candidate);
    // An unfinished word ("prio" for "priority") is a near miss too, but a worse one than a typing error.
    const unfinished = wanted.length >= 3 && other.startsWith(wanted);
    const distance = editDistance(wanted, other, bound);
    // Two short words that share no letter ("a" and "b") are not a mistyping of each other.
    const unlike = distance >= Math.max(wanted.length, other.length);
    if (distance <= bound && !unlike) found.push({ candidate, distance });
    else if (unfinished) found.push({ candidate, distance: bound + 1 });
  }
  found.sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1));
  return found.slice(0, MOST_SUGGESTIONS).map((entry) => entry.candidate);
}

/** The nearest candidate, if one is near enough. */
export function closest(word: string, candidates: Iterable<string>): string | undefined {
  return suggestions(word, candidates)[0];
}

/** `did you mean "x"?`, or the words that are allowed when nothing is near (up to 12), or an empty text. */
export function hint(word: string, candidates: Iterable<string>): string {
  const all = [...new Set(candidates)];
  const near = suggestions(word, all);
  if (near.length > 0) return `did you mean ${near.map((name) => `"${name}"`).join(" or ")}?`;
  if (all.length === 0) return "";
  const shown = all.slice(0, 12).join(", ");
  return all.length > 12 ? `use one of: ${shown}, …` : `use one of: ${shown}`;
}
