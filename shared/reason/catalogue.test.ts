import { describe as group, expect, test } from "bun:test";
import { defineCatalogue, describe, reason } from "./catalogue.ts";

const catalogue = defineCatalogue({
  T_GAP: { severity: "error", sentence: "{name} lost {gap} ms", why: "because {names}", fix: "mend {name}" },
});

group("catalogue", () => {
  test("fills every text from the data and keeps code, severity, data and place", () => {
    const at = { file: "a.conf", line: 3, column: 5 };
    const fact = reason(catalogue, "T_GAP", { name: "VI_1", gap: 4, names: ["a", "b"] }, at);
    expect(describe(catalogue, fact)).toEqual({
      code: "T_GAP",
      severity: "error",
      sentence: "VI_1 lost 4 ms",
      why: "because a, b",
      fix: "mend VI_1",
      data: { name: "VI_1", gap: 4, names: ["a", "b"] },
      at,
    });
  });

  test("the compiler refuses a reason without the data that its texts need", () => {
    // @ts-expect-error: `gap` and `names` are missing
    reason(catalogue, "T_GAP", { name: "VI_1" });
  });

  test("a code of a newer version is shown, not lost", () => {
    expect(describe(catalogue, { code: "T_NEW", data: { x: 1 } }).sentence).toBe('T_NEW {"x":1}');
  });

  test("codes are upper snake case", () => {
    expect(() => defineCatalogue({ bad: { severity: "info", sentence: "x" } })).toThrow("UPPER_SNAKE_CASE");
  });
});
