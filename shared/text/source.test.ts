import { describe as group, expect, test } from "bun:test";
import fc from "fast-check";
import type { Problem } from "../reason/catalogue.ts";
import { Cursor } from "./cursor.ts";
import { countProblems, renderProblem, renderProblems, sortProblems } from "./render-problem.ts";
import { lineText, makeSource, positionAt } from "./source.ts";
import { clipCells, displayWidth, expandTabs, padCells, stripColour, visible } from "./width.ts";

group("source", () => {
  test("lines end with \\n, \\r\\n and \\r", () => {
    const source = makeSource("f", "a\r\nbc\rd\n\ne");
    expect([1, 2, 3, 4, 5, 6].map((line) => lineText(source, line))).toEqual(["a", "bc", "d", "", "e", undefined]);
    expect(positionAt(source, 4, 2)).toEqual({ file: "f", line: 2, column: 2, length: 2 });
    expect(positionAt(source, 999)).toEqual({ file: "f", line: 5, column: 2 });
  });

  test("every offset has the position that counting gives", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", "\n", "é") }), (text) => {
        const source = makeSource("f", text);
        for (let offset = 0; offset <= text.length; offset += 1) {
          const before = text.slice(0, offset).split("\n");
          expect(positionAt(source, offset)).toEqual({
            file: "f",
            line: before.length,
            column: (before.at(-1) ?? "").length + 1,
          });
        }
      }),
    );
  });

  test("a cursor walks, matches and remembers", () => {
    const cursor = new Cursor(makeSource("f", "key = 12\n# c"));
    expect([cursor.match(/[a-z]+/), cursor.match(/\d+/), cursor.takeWhile((unit) => unit === " ")]).toEqual([
      "key",
      "",
      " ",
    ]);
    expect([cursor.accept("=="), cursor.accept("="), cursor.next(), cursor.peek(), cursor.peek(1)]).toEqual([
      false,
      true,
      " ",
      "1",
      "2",
    ]);
    const mark = cursor.offset;
    cursor.match(/\d+/g);
    expect(cursor.position(mark)).toEqual({ file: "f", line: 1, column: 7, length: 2 });
    expect([
      cursor.takeLine(),
      cursor.next(),
      cursor.takeLine(),
      cursor.done,
      cursor.next(),
      cursor.accept(""),
    ]).toEqual(["", "\n", "# c", true, "", false]);
  });
});

group("problems", () => {
  const problem = (line: number, column: number, length: number, more: Partial<Problem> = {}): Problem => ({
    code: "T_X",
    severity: "error",
    sentence: "wrong",
    data: {},
    at: { file: "a.conf", line, column, length },
    ...more,
  });
  const source = makeSource("a.conf", "\tkey\tvalue\n日本 x\nevil\u001b[2Jtext\n");

  test("the caret stands under the text whatever is before it", () => {
    expect(renderProblem(problem(1, 6, 5), { sources: [source] }).split("\n")).toEqual([
      "a.conf:1:6: error: wrong [T_X]",
      "   1 |         key     value",
      "     |                 ^~~~~",
    ]);
    expect(
      renderProblem(problem(2, 4, 1), { sources: [source] })
        .split("\n")
        .slice(1),
    ).toEqual(["   2 | 日本 x", "     |      ^"]);
  });

  test("a source line can't steer the terminal", () => {
    // oxlint-disable-next-line no-control-regex
    expect(renderProblem(problem(3, 1, 4), { sources: [source] })).not.toMatch(/\u001b/);
  });

  test("places past the end of a line or of the file", () => {
    expect(renderProblem(problem(2, 99, 5), { sources: [source] })).toContain("^");
    expect(renderProblem(problem(99, 1, 1), { sources: [source] })).toBe("a.conf:99:1: error: wrong [T_X]");
    expect(renderProblem(problem(1, 1, 1, { at: { file: "other", line: 1, column: 1 } }), { sources: [source] })).toBe(
      "other:1:1: error: wrong [T_X]",
    );
  });

  test("a very long line is shown around the caret", () => {
    const long = makeSource("a.conf", `${"a".repeat(500)}HERE${"b".repeat(500)}`);
    const [, text = "", caret = ""] = renderProblem(problem(1, 501, 4), { sources: [long] }).split("\n");
    expect(text.length).toBeLessThan(160);
    expect(text.slice(caret.indexOf("^"), caret.indexOf("^") + 4)).toBe("HERE");
  });

  test("colour, why, fix, without code", () => {
    const text = renderProblem(problem(1, 6, 5, { why: "because", fix: "mend it" }), {
      sources: [source],
      colour: true,
      code: false,
    });
    expect(text).toContain("\u001b[31merror:\u001b[0m wrong\n");
    expect(stripColour(text).split("\n").slice(3)).toEqual(["  why: because", "  fix: mend it"]);
  });

  test("sorted by place, those without one last, equal places in the order they were found", () => {
    const list = [
      problem(2, 1, 1),
      problem(1, 5, 1),
      problem(1, 5, 1, { sentence: "second" }),
      { code: "T_N", severity: "warning", sentence: "nowhere", data: {} } as const,
      problem(1, 2, 1, { at: { file: "0.conf", line: 9, column: 1 } }),
    ];
    expect(sortProblems(list, [source]).map((one) => `${one.at?.file}:${one.at?.line}:${one.sentence}`)).toEqual([
      "a.conf:1:wrong",
      "a.conf:1:second",
      "a.conf:2:wrong",
      "0.conf:9:wrong",
      "undefined:undefined:nowhere",
    ]);
    expect(renderProblems(list).split("\n").length).toBe(5);
    expect([countProblems(list), countProblems([])]).toEqual(["4 errors, 1 warning", "no problems"]);
  });
});

group("cells", () => {
  test("widths", () => {
    expect(["abc", "日本", "e\u0301", "\u001b[1mab\u001b[0m", "●", "✔", "🎉", ""].map(displayWidth)).toEqual([
      3, 4, 1, 2, 1, 1, 2, 0,
    ]);
    expect(expandTabs("a\tbc\t日\td", 4)).toBe("a   bc  日  d");
    expect([padCells("日", 4), padCells("x", 3, "right"), padCells("long", 2)]).toEqual(["日  ", "  x", "long"]);
    expect([clipCells("abcdef", 4), clipCells("日本語", 5), clipCells("abc", 3)]).toEqual(["abc…", "日本…", "abc"]);
    expect(visible("a\u0007b\u202ec\td")).toBe("a\ufffdb\ufffdc\td");
  });
});
