import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { splitCommandText } from "./command-words.ts";

describe("a command's words", () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["", []],
    ["  ", []],
    ["/bin/check", ["/bin/check"]],
    ["  /bin/check   -a  b ", ["/bin/check", "-a", "b"]],
    ["/bin/check 'two words' end", ["/bin/check", "two words", "end"]],
    [`/bin/check --name='two words' "x y"z`, ["/bin/check", "--name=two words", "x yz"]],
    [`/bin/check "it's" 'say "so"'`, ["/bin/check", "it's", 'say "so"']],
    [`/bin/check '' ""`, ["/bin/check", "", ""]],
    [`/bin/check a\\"b c\\\\d \\q`, ["/bin/check", 'a"b', "c\\d", "q"]],
    [String.raw`/bin/check \x41 \102 "a\tb"`, ["/bin/check", "A", "B", "a\tb"]],
    [String.raw`/bin/check five\ six \t "a\ b"`, ["/bin/check", "five", "six", "a b"]],
    ["/bin/check 'never ends here", ["/bin/check", "never ends here"]],
    ["/bin/check \\", ["/bin/check", "\\"]],
  ];
  for (const [text, expected] of cases) {
    test(JSON.stringify(text), () => expect(splitCommandText(text)).toEqual([...expected]));
  }

  test("quoted words come back as they were", () => {
    const quoted = (word: string): string => `"${word.replaceAll(/["\\]/g, "\\$&")}"`;
    fc.assert(
      fc.property(fc.array(fc.string()), (words) => {
        expect(splitCommandText(words.map(quoted).join(" "))).toEqual(words);
      }),
    );
  });

  test("no text makes more letters than it has", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(splitCommandText(text).join("").length).toBeLessThanOrEqual(text.length);
      }),
    );
  });
});
