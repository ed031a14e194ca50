import { reason, type Reason } from "../../../../shared/reason/catalogue.ts";
import type { Position } from "../../../../shared/text/position.ts";
import { hint } from "../../../../shared/text/did-you-mean.ts";
import { pcsReasons } from "../../model/pcs-reasons.ts";
import type { AgentFacts } from "../../model/agents.ts";
import type { CibEdit } from "./cib-edit.ts";

/** What a command may ask about the world; all of it is given from outside. */
export interface PcsWorld {
  /** Everything known about an agent, by its whole name (`ocf:heartbeat:IPaddr2`); undefined when it isn't known. */
  agent(name: string): AgentFacts | undefined;
  /** Whole names of the agents of this type (`IPaddr2`). */
  agentsOfType(type: string): readonly string[];
  /** Where a word of the command line stands, for the caret. */
  at(word: string): Position | undefined;
  /** Milliseconds since 1970, for constraints that end. */
  readonly nowMs: number;
}

export interface PcsVerb {
  /** `["resource", "create"]`. */
  readonly words: readonly string[];
  readonly aliases?: readonly (readonly string[])[];
  /** What follows the verb. */
  readonly usage: string;
  readonly summary: string;
  /** Flags with and without value, without dashes; `force` is always taken. */
  readonly flags?: readonly string[];
  /** Looks only; the file is never written. */
  readonly looks?: boolean;
  /** Asks nothing of a configuration. */
  readonly needsNoFile?: boolean;
  /** Only there to be refused by name. */
  readonly hidden?: boolean;
  readonly example?: { readonly run: string; readonly does: string };
  /** @returns text to print */
  run(command: PcsCommand): string | void;
}

/** Stops a command at once; what it has changed so far is thrown away. */
export class Refusal extends Error {}

/** Flags that take the next word. */
export const VALUED_FLAGS: ReadonlySet<string> = new Set(["group", "before", "after", "name", "output-format"]);

/** One command at work: its words, its flags, the configuration, and what it has to say. */
export class PcsCommand {
  readonly problems: Reason[] = [];
  readonly warnings: Reason[] = [];
  readonly verb: PcsVerb;
  readonly words: readonly string[];
  readonly flags: ReadonlyMap<string, string>;
  readonly cib: CibEdit;
  readonly world: PcsWorld;

  constructor(
    verb: PcsVerb,
    words: readonly string[],
    flags: ReadonlyMap<string, string>,
    cib: CibEdit,
    world: PcsWorld,
  ) {
    this.verb = verb;
    this.words = words;
    this.flags = flags;
    this.cib = cib;
    this.world = world;
  }

  get force(): boolean {
    return this.flags.has("force");
  }

  get usage(): string {
    return `ha-crm ${this.verb.words.join(" ")} ${this.verb.usage}`.trim();
  }

  /** Notes a problem and goes on, so that all of them are found. */
  problem(code: keyof typeof pcsReasons, data: Readonly<Record<string, string | number>>, word?: string): void {
    const at = word === undefined ? undefined : this.world.at(word);
    // Every caller gives the data of its code; the tests go through all of them.
    this.problems.push(at === undefined ? { code, data } : { code, data, at });
  }

  /** Notes a problem and ends the command. */
  refuse(code: keyof typeof pcsReasons, data: Readonly<Record<string, string | number>>, word?: string): never {
    this.problem(code, data, word);
    throw new Refusal(code);
  }

  /** A problem that `--force` turns into a warning. */
  unlessForced(code: keyof typeof pcsReasons, data: Readonly<Record<string, string | number>>, word?: string): void {
    if (!this.force) this.problem(code, data, word);
  }

  warn(code: keyof typeof pcsReasons, data: Readonly<Record<string, string | number>>, word?: string): void {
    const at = word === undefined ? undefined : this.world.at(word);
    this.warnings.push(at === undefined ? { code, data } : { code, data, at });
  }

  wrongUse(problem: string, word?: string): never {
    const at = word === undefined ? undefined : this.world.at(word);
    this.problems.push(reason(pcsReasons, "CRM_PCS_USAGE", { problem, usage: this.usage }, at));
    throw new Refusal(problem);
  }

  noSuch(what: string, id: string, known: readonly string[]): never {
    return this.refuse(
      "CRM_PCS_NO_SUCH",
      { what, id, hint: known.length === 0 ? `there is none at all` : hint(id, known) },
      id,
    );
  }

  /** One of a few words, compared as written. */
  oneOf(name: string, value: string, allowed: readonly string[]): void {
    if (!allowed.includes(value))
      this.problem("CRM_PCS_VALUE", { name, value, hint: hint(value, allowed) }, `${name}=${value}`);
  }
}
