import type { z } from "zod";
import type { Reason, ReasonData } from "../reason/catalogue.ts";
import type { Result } from "../reason/result.ts";
import { hint } from "./did-you-mean.ts";
import { textReason } from "./parsed.ts";
import { keysAt } from "./zod-shape.ts";
import { yamlPosition, type YamlPath, type YamlText } from "./yaml.ts";

type Issue = z.core.$ZodIssue;

/** Reads `a.b[2].c`; the whole document is "the document". */
export function showPath(path: YamlPath): string {
  if (path.length === 0) return "the document";
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else text += text === "" ? step : `.${step}`;
  }
  return text;
}

/**
 * Checks a YAML text, or the part of it at `under`, against a zod schema and names the place of every problem.
 * Use `z.strictObject` so that unknown keys are found. A schema of `zod-words.ts` (durations, addresses) or a
 * custom issue with `params: {code, data}` keeps its own code.
 * @returns the schema's output, or TEXT_YAML_UNKNOWN_KEY, _MISSING_KEY, _TYPE, _VALUE, _INVALID with positions
 */
export function checkYaml<Schema extends z.ZodType>(
  text: YamlText,
  schema: Schema,
  under: YamlPath = [],
): Result<z.output<Schema>> {
  const outcome = schema.safeParse(valueAt(text.value, under));
  if (outcome.success) return { ok: true, value: outcome.data, warnings: [] };
  const reporter = { text, schema, under };
  const problems = outcome.error.issues.flatMap((issue) => reasonsOf(reporter, issue, []));
  return { ok: false, problems: withoutEchoes(problems) };
}

/** A mistyped key is reported once: as unknown, not as missing too. */
function withoutEchoes(problems: readonly Reason[]): readonly Reason[] {
  const mistyped = problems.filter((problem) => problem.code === "TEXT_YAML_UNKNOWN_KEY");
  return problems.filter((problem) => {
    if (problem.code !== "TEXT_YAML_MISSING_KEY") return true;
    const meant = `"${String(problem.data["key"])}"`;
    return !mistyped.some(
      ({ data }) => data["where"] === problem.data["where"] && String(data["hint"]).includes(meant),
    );
  });
}

function valueAt(value: unknown, path: YamlPath): unknown {
  let current = value;
  for (const step of path) {
    if (typeof current !== "object" || current === null) return undefined;
    current = new Map<string, unknown>(Object.entries(current)).get(String(step));
  }
  return current;
}

interface Reporter {
  readonly text: YamlText;
  readonly schema: z.ZodType;
  readonly under: YamlPath;
}

const plainPath = (path: readonly PropertyKey[]): YamlPath =>
  path.map((step) => (typeof step === "number" ? step : String(step)));

/** `parent` is the path of the union an issue was found in: issues inside unions are relative to it. */
function reasonsOf(reporter: Reporter, issue: Issue, parent: YamlPath): readonly Reason[] {
  const local = [...parent, ...plainPath(issue.path)];
  const path = [...reporter.under, ...local];
  const at = yamlPosition(reporter.text, path);
  const name = showPath(path);
  const found = valueAt(reporter.text.value, path);
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => {
        const data = { key, where: whereOf(path), hint: hint(key, unusedKeys(reporter, local, path)) };
        return textReason("TEXT_YAML_UNKNOWN_KEY", data, yamlPosition(reporter.text, [...path, key], "key"));
      });
    case "invalid_type":
      return found === undefined
        ? [missing(reporter, path, issue.expected)]
        : [wrongType(name, issue.expected, found, at)];
    case "invalid_value":
      if (found === undefined) return [missing(reporter, path, issue.values.map(String).join(" or "))];
      return [wrongValue(name, found, issue.values.map(String), at)];
    case "invalid_union":
      return unionReasons(reporter, issue, local, path);
    case "custom": {
      const own = ownReason(issue.params);
      return own === undefined
        ? [textReason("TEXT_YAML_INVALID", { path: name, detail: issue.message }, at)]
        : [{ ...own, at }];
    }
    case "invalid_key":
      return [
        textReason(
          "TEXT_YAML_INVALID",
          { path: name, detail: issue.issues.map((inner) => inner.message).join("; ") },
          yamlPosition(reporter.text, path, "key"),
        ),
      ];
    case "too_big":
    case "too_small":
    case "invalid_format":
    case "not_multiple_of":
    case "invalid_element":
      return [textReason("TEXT_YAML_INVALID", { path: name, detail: lowerFirst(issue.message) }, at)];
    default:
      return issue satisfies never;
  }
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}

function whereOf(path: YamlPath): string {
  return path.length === 0 ? "" : ` in ${showPath(path)}`;
}

function missing(reporter: Reporter, path: YamlPath, expected: string): Reason {
  const key = String(path.at(-1) ?? "");
  const parent = path.slice(0, -1);
  if (path.length === 0) return wrongType("the document", expected, null, yamlPosition(reporter.text, []));
  const data = { key, where: whereOf(parent), hint: `add "${key}": ${typeName(expected)}` };
  return textReason("TEXT_YAML_MISSING_KEY", data, yamlPosition(reporter.text, parent, "key"));
}

function wrongType(path: string, expected: string, found: unknown, at: Reason["at"]): Reason {
  return textReason("TEXT_YAML_TYPE", { path, expected: typeName(expected), found: describeValue(found) }, at);
}

function wrongValue(path: string, found: unknown, allowed: readonly string[], at: Reason["at"]): Reason {
  const word = ["string", "number", "boolean"].includes(typeof found) ? String(found as string) : undefined;
  const shown = word === undefined ? describeValue(found) : `"${word}"`;
  return textReason("TEXT_YAML_VALUE", { path, found: shown, hint: hint(word ?? "", allowed) }, at);
}

function typeName(expected: string): string {
  const names: Readonly<Record<string, string>> = {
    array: "a list",
    object: "a map",
    record: "a map",
    string: "a text",
    number: "a number",
    int: "a whole number",
    boolean: "true or false",
  };
  return names[expected] ?? expected;
}

/** The kind of a value, never the value itself: it may be a secret in the wrong place. */
function describeValue(value: unknown): string {
  if (value === null || value === undefined) return "empty";
  if (Array.isArray(value)) return "a list";
  return typeName(typeof value);
}

function unusedKeys(reporter: Reporter, local: YamlPath, path: YamlPath): readonly string[] {
  const here = valueAt(reporter.text.value, path);
  const used = typeof here === "object" && here !== null ? new Set(Object.keys(here)) : new Set<string>();
  return keysAt(reporter.schema, local).filter((key) => !used.has(key));
}

/** A union fails in as many ways as it has branches: the one that got furthest is what the person meant. */
function unionReasons(
  reporter: Reporter,
  issue: Extract<Issue, { code: "invalid_union" }>,
  local: YamlPath,
  path: YamlPath,
): readonly Reason[] {
  const found = valueAt(reporter.text.value, path);
  const at = yamlPosition(reporter.text, path);
  if (issue.errors.length === 0) {
    const options = "options" in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
    if (found === undefined) return [missing(reporter, path, options.join(" or "))];
    return [wrongValue(showPath(path), found, options, at)];
  }
  const wrongKind = (branch: readonly Issue[]) =>
    branch.some((inner) => inner.path.length === 0 && inner.code === "invalid_type");
  const fitting = issue.errors.filter((branch) => !wrongKind(branch));
  if (fitting.length === 0) {
    const kinds = issue.errors.flatMap((branch) =>
      branch.map((inner) => (inner.code === "invalid_type" ? typeName(inner.expected) : "")),
    );
    const expected = [...new Set(kinds.filter((kind) => kind !== ""))].join(" or ");
    return found === undefined ? [missing(reporter, path, expected)] : [wrongType(showPath(path), expected, found, at)];
  }
  const values = fitting.flatMap((branch) =>
    branch.flatMap((inner) =>
      inner.code === "invalid_value" && inner.path.length === 0 ? inner.values.map(String) : [],
    ),
  );
  const best = fitting.reduce((least, branch) => (branch.length < least.length ? branch : least));
  const onlyValues = fitting.every((branch) =>
    branch.every((inner) => inner.code === "invalid_value" && inner.path.length === 0),
  );
  if (onlyValues) return [wrongValue(showPath(path), found, values, at)];
  return best.flatMap((inner) => reasonsOf(reporter, inner, local));
}

/** A refinement may carry a coded fact of its own: `params: { code: "VIP_X", data: {…} }`. */
function ownReason(params: unknown): Reason | undefined {
  if (typeof params !== "object" || params === null || !("code" in params) || typeof params.code !== "string")
    return undefined;
  const data = "data" in params && typeof params.data === "object" && params.data !== null ? params.data : {};
  return { code: params.code, data: data as ReasonData };
}
