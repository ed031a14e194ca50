import { join } from "node:path";
import { z } from "zod";
import { option, runDataFiles } from "../../test/support/datadriven.ts";
import { describe } from "../reason/catalogue.ts";
import { textReasons } from "../reason/text-reasons.ts";
import { renderProblems } from "./render-problem.ts";
import { makeSource } from "./source.ts";
import { checkYaml } from "./yaml-check.ts";
import { parseYaml, writeYaml } from "./yaml.ts";
import { addressWord, durationWord } from "./zod-words.ts";

const schema = z.strictObject({
  name: z.string(),
  port: z.number().int().min(1).max(65535),
  mode: z.enum(["active", "passive"]).default("active"),
  timeout: durationWord().optional(),
  check: z
    .discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("http"), url: z.string() }),
      z.strictObject({ kind: z.literal("tcp") }),
    ])
    .optional(),
  nodes: z.array(z.strictObject({ name: z.string(), address: addressWord() })),
});

runDataFiles(join(import.meta.dir, "../../test/cases/text"), () => (block) => {
  const source = makeSource("ha.yaml", block.input);
  const text = parseYaml(source);
  const show = (problems: Parameters<typeof describe>[1][]) =>
    renderProblems(
      problems.map((problem) => describe(textReasons, problem)),
      { sources: [source] },
    );
  if (!text.ok) return show([...text.problems]);
  switch (block.command) {
    case "check": {
      const outcome = checkYaml(text.value, schema);
      return outcome.ok ? JSON.stringify(outcome.value) : show([...outcome.problems]);
    }
    case "rewrite":
      text.value.document.setIn([option(block, "path")], Number(option(block, "value")));
      return writeYaml(text.value);
    default:
      throw new Error(`${block.place}: unknown command ${block.command}`);
  }
});
