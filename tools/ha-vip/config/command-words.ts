/**
 * A command in one text, split into words as keepalived does it: quotes of both kinds hold words together and may stand
 * in the middle of one; a backslash takes the next letter as it is, or stands for a control character
 * (keepalived.conf(5), "Quoted strings"). No shell reads it. Pure.
 */
const CONTROLS: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  E: "\u001B",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** What stands behind a backslash, from `index` on. @returns the letter, and where to read on */
function escaped(text: string, index: number): readonly [letter: string, next: number] {
  const number = /^(?:x([0-9a-f]{1,2})|([0-7]{1,3}))/i.exec(text.slice(index, index + 3));
  if (number !== null) {
    const [whole, hex, octal] = number;
    const code = hex === undefined ? Number.parseInt(octal ?? "0", 8) : Number.parseInt(hex, 16);
    return [String.fromCodePoint(code & 0xff), index + whole.length];
  }
  const letter = text[index] ?? "\\";
  return [CONTROLS[letter] ?? letter, index + 1];
}

/** The words of a command. A quote that never ends holds everything behind it together. */
export function splitCommandText(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  let index = 0;
  while (index < text.length) {
    const letter = text[index] ?? "";
    index += 1;
    if (letter === "\\") {
      const [meant, next] = escaped(text, index);
      index = next;
      // As with keepalived 2.2: a blank separates words outside of quotes, however it is written.
      if (quote !== "" || !/\s/.test(meant)) word = (word ?? "") + meant;
      else if (word !== undefined) {
        words.push(word);
        word = undefined;
      }
    } else if (quote === "" && /\s/.test(letter)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (letter === quote) quote = "";
    else if (quote === "" && (letter === '"' || letter === "'")) {
      quote = letter;
      word ??= "";
    } else word = (word ?? "") + letter;
  }
  if (word !== undefined) words.push(word);
  return words;
}
