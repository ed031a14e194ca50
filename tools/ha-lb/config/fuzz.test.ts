import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { makeSource } from "../../../shared/text/source.ts";
import { parseYaml } from "../../../shared/text/yaml.ts";
import { FETCHES, CONVERTER_TABLE } from "./sample-table.ts";
import { importToYaml } from "./import-yaml.ts";
import { parseConfiguration } from "./parse.ts";
import { PROBLEMS_MAX } from "./report.ts";
import { parseLbYaml } from "./yaml-section.ts";

const LINES = readFileSync(new URL("../../../test/cases/lb/config/lines.txt", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => / \| /.test(line))
  .map((line) => line.replace(/^.*? \| /, "").replace(/ {2}## .*$/, ""));
/** Words that every object has: a table must not find them. */
const INHERITED = ["valueOf", "constructor", "toString", "__proto__", "hasOwnProperty"];
const WORDS = [
  ...new Set([...LINES.flatMap((line) => line.split(" ")), ...FETCHES.keys(), ...CONVERTER_TABLE.keys(), ...INHERITED]),
];
const HEADS = [
  "global",
  "defaults",
  "defaults d",
  "frontend f",
  "backend b",
  "listen l",
  "userlist u",
  "resolvers r",
  "peers p",
  "mailers m",
  "http-errors h",
  "cache c",
  "ring g",
];

const line = fc.oneof(
  fc.constantFrom(...LINES),
  fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 8 }).map((words) => words.join(" ")),
  fc
    .array(fc.constantFrom(...INHERITED, "option", "balance", "timeout", "acl", "log-format"), { maxLength: 4 })
    .map((words) => words.join(" ")),
  // A good line, damaged at one place.
  fc
    .tuple(fc.constantFrom(...LINES), fc.nat(200), fc.string({ maxLength: 3 }))
    .map(([text, at, noise]) => text.slice(0, at) + noise + text.slice(at + 1)),
  fc.string({ unit: "binary", maxLength: 80 }),
  fc.constantFrom(
    ".if 1",
    ".if defined(A)",
    ".else",
    ".endif",
    ".elif 0",
    "no",
    "default option",
    '"',
    "'",
    "\\",
    "%[",
  ),
);
const text = fc
  .array(fc.tuple(fc.constantFrom(...HEADS), fc.array(line, { maxLength: 8 })), { maxLength: 6 })
  .map((sections) => sections.flatMap(([head, lines]) => [head, ...lines.map((one) => ` ${one}`)]).join("\n"));

const OPTIONS = { environment: new Map([["A", "x y"]]) };

test("no text makes the reader fail, hang or gather without bound", () => {
  fc.assert(
    fc.property(text, (cfg) => {
      const result = parseConfiguration([{ file: "f.cfg", text: cfg }], OPTIONS);
      const facts = result.ok ? result.warnings : result.problems;
      expect(facts.length).toBeLessThanOrEqual(2 * PROBLEMS_MAX);
      for (const fact of facts) if (fact.at !== undefined) expect(fact.at.column).toBeGreaterThan(0);
    }),
    { numRuns: 1500 },
  );
}, 60_000);

test("long lines, many lines and deep nesting are bounded", () => {
  const texts = [
    `frontend f\n http-request set-header X "${"%[path]".repeat(20_000)}"\n`,
    `frontend f\n acl a path${",lower".repeat(5000)} -m str x\n`,
    `.if ${"(".repeat(30_000)}1\n.endif\n`,
    `.if ${"!".repeat(30_000)}1\n.endif\n`,
    ".if 1\n".repeat(5000),
    "frontend f\n".repeat(30_000),
    `frontend f\n${" foo\n".repeat(50_000)}`,
    `backend b\n server-template s 999999 h:1\n`,
    "x".repeat(300_000),
    `frontend f\n acl a path_reg ${"(a+)+".repeat(500)}$\n`,
  ];
  for (const one of texts) {
    const result = parseConfiguration([{ file: "f.cfg", text: one }], OPTIONS);
    expect(result.ok ? 0 : result.problems.length).toBeLessThanOrEqual(2 * PROBLEMS_MAX);
  }
}, 30_000);

/** Positions differ between the two texts, and so do the texts they were read from. */
function withoutPlaces(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, inner: unknown) => {
      if (key === "at" || key === "defaultsName") return undefined;
      if (inner instanceof Map) return [...inner];
      return inner instanceof Set ? [...inner] : inner;
    }),
  );
}

test("an imported configuration means the same", () => {
  for (const name of ["haproxy-000.cfg", "haproxy-003.cfg"]) {
    const cfg = readFileSync(new URL(`../../../test/cases/seed/${name}`, import.meta.url), "latin1");
    const files = [{ file: name, text: cfg }];
    const imported = importToYaml(files, OPTIONS);
    if ("problems" in imported) throw new Error("the seed must be good");
    const yaml = parseYaml(makeSource("ha.yaml", imported.yaml));
    if (!yaml.ok) throw new Error(imported.yaml);
    const [again, before] = [parseLbYaml(yaml.value, OPTIONS.environment), parseConfiguration(files, OPTIONS)];
    if (!again.ok || !before.ok) throw new Error(JSON.stringify(again));
    // Sections come by kind in YAML: frontends, listens, backends.
    const sorted = (proxies: typeof before.value.proxies) =>
      proxies.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map((proxy) => ({ ...proxy, id: 0 }));
    expect(withoutPlaces(sorted(again.value.proxies))).toEqual(withoutPlaces(sorted(before.value.proxies)));
    expect(withoutPlaces(again.value.global)).toEqual(withoutPlaces(before.value.global));
  }
});

test("mistakes in YAML are named where they are", () => {
  const source = makeSource(
    "ha.yaml",
    "lb:\n  frontends:\n    f:\n      bind: ':80'\n      timeout: {client: 5x}\n      nosuch: 1\n  fronts: {}\n",
  );
  const yaml = parseYaml(source);
  if (!yaml.ok) throw new Error("good YAML");
  const wrongKey = parseLbYaml(yaml.value, new Map());
  expect(wrongKey.ok ? [] : wrongKey.problems.map((fact) => [fact.code, fact.at?.line])).toEqual([
    ["TEXT_YAML_UNKNOWN_KEY", 7],
  ]);
  const fixed = parseYaml(makeSource("ha.yaml", source.text.replace("  fronts: {}\n", "")));
  if (!fixed.ok) throw new Error("good YAML");
  const result = parseLbYaml(fixed.value, new Map());
  expect(result.ok ? [] : result.problems.map((fact) => [fact.code, fact.at?.line, fact.at?.column])).toEqual([
    ["LB_BAD_TIME", 5, 25],
    ["LB_UNKNOWN_KEYWORD", 6, 7],
    ["LB_TIMEOUT_MISSING", 3, 5],
  ]);
});
