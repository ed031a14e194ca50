/**
 * Scores: whole numbers from -1 000 000 to 1 000 000, whose ends mean "must" and "must not". Sums stay inside that
 * range, and "must not" is stronger than "must" (Pacemaker Explained, "Scores").
 */
export const INFINITY_SCORE = 1_000_000;

/** Adds two scores; -INFINITY wins over everything, INFINITY over everything else. */
export function addScores(left: number, right: number): number {
  if (left <= -INFINITY_SCORE || right <= -INFINITY_SCORE) return -INFINITY_SCORE;
  if (left >= INFINITY_SCORE || right >= INFINITY_SCORE) return INFINITY_SCORE;
  const sum = left + right;
  if (sum <= -INFINITY_SCORE) return -INFINITY_SCORE;
  return sum >= INFINITY_SCORE ? INFINITY_SCORE : sum;
}

/** `100`, `INFINITY`, `-INFINITY`, and the words for node health; undefined when it is none of these. */
export function parseScore(text: string): number | undefined {
  const word = text.trim();
  if (/^[+]?INFINITY$/i.test(word)) return INFINITY_SCORE;
  if (/^-INFINITY$/i.test(word)) return -INFINITY_SCORE;
  if (!/^[+-]?\d+$/.test(word)) return undefined;
  return Math.max(-INFINITY_SCORE, Math.min(INFINITY_SCORE, Number(word)));
}

/** How a score is written for people and in CIBs. */
export function formatScore(score: number): string {
  if (score >= INFINITY_SCORE) return "INFINITY";
  return score <= -INFINITY_SCORE ? "-INFINITY" : String(score);
}
