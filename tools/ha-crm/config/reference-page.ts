/** The reference page of ha-crm's configuration, made from the tables that the program itself uses. */
import { z } from "zod";
import { checkReasons } from "../model/check-reasons.ts";
import { OPTIONS } from "../model/options.ts";
import { crmSchema } from "./ha-yaml/schema.ts";
import { PCS_VERBS } from "./pcs/verbs.ts";

/** The part of JSON Schema that is read here. */
const schemaShape = z.looseObject({
  $ref: z.string().optional(),
  type: z.union([z.string(), z.array(z.string())]).optional(),
  description: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
  get items() {
    return schemaShape.optional();
  },
  get anyOf() {
    return z.array(schemaShape).optional();
  },
  get properties() {
    return z.record(z.string(), schemaShape).optional();
  },
  get additionalProperties() {
    return z.union([z.boolean(), schemaShape]).optional();
  },
  required: z.array(z.string()).optional(),
});
type Schema = z.output<typeof schemaShape>;

const rootShape = z.looseObject({ ...schemaShape.shape, $defs: z.record(z.string(), schemaShape) });

const cell = (text: string) => text.replaceAll("|", "\\|");
const anchor = (name: string) => `[${name}](#${name.replaceAll(" ", "-")})`;

/** Shapes that are told in one word instead of a table of their own. */
const PLAIN: Readonly<Record<string, string>> = {
  score: "a score",
  "map of values": "a map of names and values",
};

function typeOf(schema: Schema, definitions: Readonly<Record<string, Schema>>): string {
  if (schema.$ref !== undefined) {
    const name = decodeURIComponent(schema.$ref.replace("#/$defs/", ""));
    const target = definitions[name];
    if (name.startsWith("__") && target !== undefined) return typeOf(target, definitions);
    return PLAIN[name] ?? anchor(name);
  }
  if (schema.enum !== undefined) return schema.enum.map((word) => `\`${String(word)}\``).join(", ");
  if (schema.anyOf !== undefined) return schema.anyOf.map((one) => typeOf(one, definitions)).join(" or ");
  const kinds = Array.isArray(schema.type) ? schema.type : [schema.type ?? "any"];
  if (kinds.includes("array") && schema.items !== undefined) return `list of ${typeOf(schema.items, definitions)}`;
  if (kinds.length > 1) return kinds.includes("number") ? "a value" : "true, false or a text";
  const words: Readonly<Record<string, string>> = {
    string: "a text",
    number: "a number",
    integer: "a whole number",
    boolean: "true or false",
  };
  const more = schema.additionalProperties;
  if (kinds[0] === "object" && typeof more === "object") return `map of ${typeOf(more, definitions)}`;
  return words[kinds[0] ?? ""] ?? "a map";
}

function keyTable(schema: Schema, definitions: Readonly<Record<string, Schema>>): readonly string[] {
  const rows = Object.entries(schema.properties ?? {}).map(([name, value]) => {
    const must = schema.required?.includes(name) === true ? " (required)" : "";
    return `| \`${name}\`${must} | ${cell(typeOf(value, definitions))} | ${cell(value.description ?? "")} |`;
  });
  return ["| key | value | |", "|---|---|---|", ...rows];
}

function yamlPart(): readonly string[] {
  const root = rootShape.parse(z.toJSONSchema(crmSchema, { io: "input" }));
  const shapes = Object.entries(root.$defs).filter(([name]) => !name.startsWith("__") && PLAIN[name] === undefined);
  return [
    "## The section `crm:` of ha.yaml",
    "",
    "Names of options, meta attributes, properties and node attributes are Pacemaker's own; everything else is listed here.",
    "",
    ...keyTable(root, root.$defs),
    ...shapes.flatMap(([name, schema]) => [
      "",
      `### ${name}`,
      "",
      ...(schema.description === undefined ? [] : [schema.description, ""]),
      ...(schema.properties === undefined ? [] : keyTable(schema, root.$defs)),
    ]),
  ];
}

function wordsPart(): readonly string[] {
  const shown = PCS_VERBS.filter((verb) => verb.hidden !== true);
  const rows = shown
    .map((verb) => {
      const flags = (verb.flags ?? []).map((flag) => `\`--${flag}\``).join(" ");
      const usage = verb.usage === "" ? "" : ` ${verb.usage}`;
      return `| \`${cell(`${verb.words.join(" ")}${usage}`)}\` | ${cell(verb.summary)} | ${flags} |`;
    })
    .toSorted();
  const refused = PCS_VERBS.filter((verb) => verb.hidden === true).map((verb) => `\`${verb.words.join(" ")}\``);
  return [
    "## Words of pcs on a file",
    "",
    "All of them take `-f FILE` and `--force`. Words with the same meaning (`remove` for `delete`, `list` for `config`, …)",
    "are taken too.",
    "",
    "| words | | flags |",
    "|---|---|---|",
    ...rows,
    "",
    `Refused by name, with what to do instead: ${refused.join(", ")}.`,
  ];
}

function findingsPart(): readonly string[] {
  const rows = Object.entries(checkReasons).map(([code, entry]) => {
    const why = "why" in entry ? entry.why : "";
    return `| \`${code}\` | ${entry.severity} | ${cell(entry.sentence)} | ${cell(why)} | ${cell(entry.fix)} |`;
  });
  return [
    "## What `ha-crm check` finds",
    "",
    "| code | | finding | why it matters | how to mend it |",
    "|---|---|---|---|---|",
    ...rows,
  ];
}

function optionsPart(): readonly string[] {
  const rows = OPTIONS.map(
    ({ name, of, no }) => `| \`${cell(name)}\` | ${of} | ${no === undefined ? "yes" : `no: ${cell(no)}`} |`,
  );
  return [
    "## Options, and which of them change plans",
    "",
    "Where the table says no, the option changes nothing in what `simulate` plans. What is set in a configuration and lost",
    "by that is named with its place by every command that reads the configuration.",
    "",
    "| option | of | changes plans |",
    "|---|---|---|",
    ...rows,
  ];
}

/** The whole page in Markdown. */
export function referencePage(): string {
  const parts = [
    ["# ha-crm: reference of the configuration", "", "Made from the program's own tables."],
    yamlPart(),
    optionsPart(),
    wordsPart(),
    findingsPart(),
  ];
  return `${parts.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}
