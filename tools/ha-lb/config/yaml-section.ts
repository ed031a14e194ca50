import { z } from "zod";
import { ok, type Result } from "../../../shared/reason/result.ts";
import { checkYaml } from "../../../shared/text/yaml-check.ts";
import { yamlPosition, type YamlPath, type YamlText } from "../../../shared/text/yaml.ts";
import type { Configuration } from "../model/configuration.ts";
import { finishConfiguration } from "./finish.ts";
import { Line } from "./line.ts";
import { Report } from "./report.ts";
import { Reading } from "./sections.ts";
import { splitLine, type Word } from "./words.ts";

/** A setting's words as one text, with the quoting of haproxy.cfg; `true` or nothing for a bare keyword. */
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const entry = z.union([scalar, z.array(scalar)]);
/** `timeout: {client: 5s}` and `server: {web1: "10.0.0.1:80 check"}`: the key is the second word. */
const setting = z.union([entry, z.record(z.string(), entry)]);
const section = z.record(z.string(), setting);
const sections = z.record(z.string(), section.nullable());

/** The `lb:` part of ha.yaml: the sections of haproxy.cfg by kind and name, with its own keywords. */
export const lbSchema = z.strictObject({
  global: section.optional(),
  userlists: sections.optional(),
  resolvers: sections.optional(),
  peers: sections.optional(),
  mailers: sections.optional(),
  "http-errors": sections.optional(),
  caches: sections.optional(),
  rings: sections.optional(),
  defaults: section.optional(),
  /** Several sets of defaults: `from: NAME` in a proxy chooses one. */
  "named-defaults": sections.optional(),
  frontends: sections.optional(),
  listens: sections.optional(),
  backends: sections.optional(),
});
type LbSection = z.output<typeof lbSchema>;

const GROUPS: readonly (readonly [Exclude<keyof LbSection, "global" | "defaults">, string])[] = [
  ["userlists", "userlist"],
  ["resolvers", "resolvers"],
  ["peers", "peers"],
  ["mailers", "mailers"],
  ["http-errors", "http-errors"],
  ["caches", "cache"],
  ["rings", "ring"],
  ["named-defaults", "defaults"],
  ["frontends", "frontend"],
  ["listens", "listen"],
  ["backends", "backend"],
];

/** Declarations that must be known before what uses them, wherever they stand in the map. */
const FIRST = ["mode", "acl", "group", "default-server"];

/**
 * Reads the `lb:` part of ha.yaml into the same model as haproxy.cfg.
 * @param under where the part is in the document, `["lb"]`
 * @returns the model, or every error with its place in the YAML text
 */
export function parseLbYaml(
  text: YamlText,
  environment: ReadonlyMap<string, string>,
  under: YamlPath = ["lb"],
): Result<Configuration> {
  const checked = checkYaml(text, lbSchema, under);
  if (!checked.ok) return checked;
  const report = new Report();
  const reading = new Reading(report, environment);
  const writer = new YamlLines(text, reading, report);
  const value = checked.value;
  if (value.global !== undefined) writer.section(["global"], value.global, [...under, "global"]);
  for (const [key, kind] of GROUPS) {
    // Anonymous defaults come right before the proxies, so that they act on all of them.
    if (key === "frontends" && value.defaults !== undefined)
      writer.section(["defaults"], value.defaults, [...under, "defaults"]);
    for (const [name, settings] of Object.entries(value[key] ?? {}))
      writer.section([kind, name], settings ?? {}, [...under, key, name]);
  }
  reading.endFile();
  const configuration = finishConfiguration(reading);
  if (report.errors.length > 0) return { ok: false, problems: [...report.errors, ...report.warnings] };
  return ok(configuration, [...checked.warnings, ...report.warnings]);
}

type Entry = z.output<typeof entry>;
type Setting = z.output<typeof setting>;

class YamlLines {
  private readonly text: YamlText;
  private readonly reading: Reading;
  private readonly report: Report;

  constructor(text: YamlText, reading: Reading, report: Report) {
    this.text = text;
    this.reading = reading;
    this.report = report;
  }

  section(head: readonly string[], settings: Readonly<Record<string, Setting>>, path: YamlPath): void {
    const at = yamlPosition(this.text, path, "key");
    const from = settings["from"];
    const words = typeof from === "string" ? [...head, "from", from] : head;
    this.reading.readLine(
      new Line(
        words.map((word) => ({ text: word, at })),
        this.report,
      ),
    );
    const keys = Object.keys(settings).filter((key) => key !== "from");
    const order = [...FIRST.filter((key) => keys.includes(key)), ...keys.filter((key) => !FIRST.includes(key))];
    for (const key of order) this.setting([key], settings[key] ?? null, [...path, key]);
  }

  private setting(words: readonly string[], value: Setting, path: YamlPath): void {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      for (const [key, inner] of Object.entries(value)) this.entries([...words, key], inner, [...path, key]);
    } else this.entries(words, value, path);
  }

  private entries(words: readonly string[], value: Entry, path: YamlPath): void {
    if (!Array.isArray(value)) this.line(words, value, path, path);
    else for (const [index, one] of value.entries()) this.line(words, one, path, [...path, index]);
  }

  private line(words: readonly string[], value: z.output<typeof scalar>, keyPath: YamlPath, path: YamlPath): void {
    if (value === false) return;
    const keyAt = yamlPosition(this.text, keyPath, "key");
    const at = yamlPosition(this.text, path, "value");
    const rest: readonly Word[] = value === null || value === true ? [] : this.split(String(value), at);
    this.reading.readLine(new Line([...words.map((word) => ({ text: word, at: keyAt })), ...rest], this.report));
  }

  /** The words of a text; all of them are where the text is. */
  private split(text: string, at: Word["at"]): readonly Word[] {
    const { words, problems } = splitLine(text, at, (name) => this.reading.environment.get(name));
    for (const problem of problems) this.report.push({ ...problem, at });
    return words.map((word) => ({ text: word.text, at }));
  }
}
