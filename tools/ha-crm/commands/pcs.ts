import { readFileSync } from "node:fs";
import { argvSource } from "../../../shared/cli/argv.ts";
import { type Command, defineCommand } from "../../../shared/cli/command.ts";
import type { Output } from "../../../shared/cli/output.ts";
import { EXIT, type ExitCode } from "../../../shared/model/exit-codes.ts";
import { type Catalogue, describe, reason, type Reason } from "../../../shared/reason/catalogue.ts";
import { makeSource, type Source } from "../../../shared/text/source.ts";
import { type PcsVerb, type PcsWorld, VALUED_FLAGS } from "../config/pcs/context.ts";
import { runVerb } from "../config/pcs/run.ts";
import { PCS_VERBS } from "../config/pcs/verbs.ts";
import { knownAgentsOfType } from "../model/agents.ts";
import { pcsReasons } from "../model/pcs-reasons.ts";
import { crmReasons } from "../model/reasons.ts";
import { lookUpAgent } from "./agents.ts";
import { editLocked } from "./lock-file.ts";
import { replaceFile } from "./write-file.ts";

const CATALOGUE: Catalogue = { ...crmReasons, ...pcsReasons };

/** The exit code of each kind of problem; everything else is bad configuration. */
const EXITS: Readonly<Record<string, ExitCode>> = {
  CRM_PCS_USAGE: EXIT.usage,
  CRM_PCS_FLAG: EXIT.usage,
  CRM_PCS_PAIR: EXIT.usage,
  CRM_PCS_NOT_ON_FILE: EXIT.unreachable,
  CRM_PCS_NO_CLUSTER: EXIT.unreachable,
  CRM_PCS_REFUSED_WORD: EXIT.problem,
  CRM_PCS_NO_SUCH: EXIT.noSuchObject,
  CRM_PCS_IN_GROUP: EXIT.noSuchObject,
  CRM_PCS_AGENT_UNKNOWN: EXIT.noSuchObject,
  CRM_PCS_ID_TAKEN: EXIT.breaksRule,
  CRM_PCS_INSIDE: EXIT.breaksRule,
  CRM_PCS_REFERENCED: EXIT.breaksRule,
  CRM_PCS_SAME_CONSTRAINT: EXIT.breaksRule,
  CRM_PCS_LAST: EXIT.breaksRule,
  CRM_PCS_LEVEL_EXISTS: EXIT.breaksRule,
  CRM_PCS_FILE: EXIT.error,
  CRM_PCS_LOCKED: EXIT.tryLater,
};

/** Our own options in front of a verb; the shared reader knows what to do with them. */
const OWN_IN_FRONT = /^(--?(help|version|output|quiet|yes|reason|ascii|no-colou?r)|-[hVoq])/;

/**
 * With pcs, options may stand in front of the words: `pcs -f FILE --force resource create …`. The commands here want
 * them behind.
 * @returns undefined when there are none in front
 */
export function moveFileOption(argv: readonly string[]): readonly string[] | undefined {
  let front = 0;
  while (front < argv.length) {
    const word = argv[front] ?? "";
    if (!word.startsWith("-") || OWN_IN_FRONT.test(word)) break;
    front += word === "-f" || (VALUED_FLAGS.has(word.slice(2)) && !word.includes("=")) ? 2 : 1;
  }
  return front === 0 || front >= argv.length ? undefined : [...argv.slice(front), ...argv.slice(0, front)];
}

interface TakenFile {
  readonly file: string | undefined;
  readonly words: readonly string[];
}

function takeFile(rest: readonly string[]): TakenFile {
  const place = rest.indexOf("-f");
  if (place < 0) return { file: undefined, words: rest };
  return { file: rest[place + 1], words: [...rest.slice(0, place), ...rest.slice(place + 2)] };
}

function problems(out: Output, facts: readonly Reason[], sources: readonly Source[]): ExitCode {
  const first = facts[0];
  const exit = (first === undefined ? undefined : EXITS[first.code]) ?? EXIT.configuration;
  return out.problems(
    facts.map((fact) => describe(CATALOGUE, fact)),
    exit,
    sources,
  );
}

const EMPTY_CIB = "<cib><configuration/></cib>";
const detailOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

function unreadable(file: string, error: unknown, out: Output): ExitCode {
  const fix = "name a CIB that exists and that you may read";
  const data = { file, action: "read", detail: detailOf(error), fix };
  return problems(out, [reason(pcsReasons, "CRM_PCS_FILE", data)], []);
}

/** Two commands that change the same file do so one after the other. */
function runVerbOnFile(verb: PcsVerb, rest: readonly string[], tool: string, out: Output): ExitCode {
  const { file } = takeFile(rest);
  if (file === undefined || verb.looks === true) return runOnFile(verb, rest, tool, out);
  try {
    const exit = editLocked(file, () => runOnFile(verb, rest, tool, out));
    if (exit !== undefined) return exit;
  } catch (error) {
    return unreadable(file, error, out);
  }
  return problems(out, [reason(pcsReasons, "CRM_PCS_LOCKED", { file })], []);
}

function runOnFile(verb: PcsVerb, rest: readonly string[], tool: string, out: Output): ExitCode {
  const { file, words } = takeFile(rest);
  const line = argvSource(tool, [...verb.words, ...words]);
  if (file === undefined && verb.needsNoFile !== true) {
    const example = `${tool} -f cib.xml ${verb.words.join(" ")} …`;
    return problems(out, [reason(pcsReasons, "CRM_PCS_NO_CLUSTER", { example })], []);
  }
  let text: string;
  try {
    text = file === undefined ? EMPTY_CIB : readFileSync(file, "utf8");
  } catch (error) {
    return unreadable(file ?? "-", error, out);
  }
  const world: PcsWorld = {
    agent: lookUpAgent,
    agentsOfType: knownAgentsOfType,
    at: (word) => {
      const index = words.indexOf(word);
      return index < 0 ? undefined : line.at(verb.words.length + index);
    },
    nowMs: Date.now(),
  };
  const outcome = runVerb(verb, words, file ?? "-", text, world);
  const sources = [line.source, makeSource(file ?? "-", text)];
  if (!outcome.ok) return problems(out, outcome.problems, sources);
  if (outcome.warnings.length > 0) {
    out.problems(
      outcome.warnings.map((fact) => describe(CATALOGUE, fact)),
      EXIT.ok,
      sources,
    );
  }
  if (outcome.value.text !== undefined && file !== undefined) {
    try {
      replaceFile(file, outcome.value.text);
    } catch (error) {
      const fix = "the file is as it was; see to its folder's rights and room";
      const data = { file, action: "written", detail: detailOf(error), fix };
      return problems(out, [reason(pcsReasons, "CRM_PCS_FILE", data)], []);
    }
  }
  if (outcome.value.answer !== "")
    out.data(outcome.value.answer.endsWith("\n") ? outcome.value.answer : `${outcome.value.answer}\n`);
  return EXIT.ok;
}

/** Every verb of pcs that works on a file, as a command. */
export const pcsCommands: readonly Command[] = PCS_VERBS.map((verb) =>
  defineCommand({
    name: verb.words,
    ...(verb.aliases === undefined ? {} : { aliases: verb.aliases }),
    summary: verb.summary,
    description: `${verb.words.join(" ")} ${verb.usage}\n\nThe words are those of pcs; -f FILE names the CIB to work on.`,
    ...(verb.example === undefined ? {} : { examples: [verb.example] }),
    ...(verb.hidden === true ? { hidden: true } : {}),
    raw: true,
    run: ({ rest, tool, out }) => runVerbOnFile(verb, rest, tool, out),
  }),
);
