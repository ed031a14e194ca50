import type { Position } from "../../../shared/text/position.ts";
import { hintFor, type Line } from "./line.ts";
import { evaluateCondition, type BuildFacts } from "./preprocessor-condition.ts";
import type { Report } from "./report.ts";

/** `.if` within `.if`. */
export const NESTING_MAX = 50;
const DIRECTIVES = [".if", ".elif", ".else", ".endif", ".diag", ".notice", ".warning", ".alert"];

interface Block {
  readonly at: Position;
  /** The lines here are read. */
  active: boolean;
  /** One of the branches was already taken (or the whole block is inside a skipped one). */
  taken: boolean;
  elseSeen: boolean;
}

/** The conditional blocks of chapter 2.4. */
export class Preprocessor {
  private readonly blocks: Block[] = [];
  private readonly report: Report;
  private readonly facts: BuildFacts;
  private readonly diagnostics: boolean;

  constructor(report: Report, facts: BuildFacts, diagnostics: boolean) {
    this.report = report;
    this.facts = facts;
    this.diagnostics = diagnostics;
  }

  /** Lines are inside a branch that isn't taken. */
  get skipping(): boolean {
    return this.blocks.some((block) => !block.active);
  }

  /** Handles a directive; false when the line isn't one. */
  handles(line: Line): boolean {
    const directive = line.text(0);
    if (!directive.startsWith(".")) return false;
    switch (directive) {
      case ".if":
        this.openBlock(line);
        break;
      case ".elif":
        this.branch(line, false);
        break;
      case ".else":
        this.branch(line, true);
        break;
      case ".endif":
        this.closeBlock(line);
        break;
      default:
        if (!this.skipping) this.message(line, directive);
    }
    return true;
  }

  private problem(line: Line, problem: string): void {
    line.problem("LB_BAD_DIRECTIVE", { directive: line.text(0), problem, hint: "" });
  }

  private condition(line: Line): boolean {
    const result = evaluateCondition(line.rest(1), this.facts);
    if (result.ok) return result.value;
    line.problem(
      "LB_BAD_DIRECTIVE",
      { directive: line.text(0), problem: result.problem, hint: "" },
      Math.min(1, line.length - 1),
    );
    return false;
  }

  private openBlock(line: Line): void {
    if (this.blocks.length >= NESTING_MAX) return this.problem(line, `nested more than ${NESTING_MAX} deep`);
    const outer = this.skipping;
    const value = outer ? false : this.condition(line);
    this.blocks.push({ at: line.at(0), active: value, taken: value || outer, elseSeen: false });
  }

  private branch(line: Line, isElse: boolean): void {
    const block = this.blocks.at(-1);
    if (block === undefined || block.elseSeen)
      return this.problem(line, block === undefined ? "there is no '.if' before it" : "it follows '.else'");
    if (isElse) line.end(1, ".else");
    block.elseSeen = isElse;
    const value = !block.taken && (isElse || this.condition(line));
    block.active = value;
    block.taken = block.taken || value;
  }

  private closeBlock(line: Line): void {
    line.end(1, ".endif");
    if (this.blocks.pop() === undefined) this.problem(line, "there is no '.if' before it");
  }

  private message(line: Line, directive: string): void {
    if (!DIRECTIVES.includes(directive)) {
      line.problem("LB_BAD_DIRECTIVE", {
        directive,
        problem: "unknown directive",
        hint: hintFor(directive, DIRECTIVES),
      });
      return;
    }
    line.end(2, directive);
    const text = line.text(1);
    if (directive === ".alert") line.problem("LB_CUSTOM_ALERT", { text });
    else if (directive === ".warning") line.problem("LB_CUSTOM_WARNING", { text });
    else if (directive === ".notice" || this.diagnostics) line.problem("LB_CUSTOM_NOTICE", { text });
  }

  /** At the end of a file all blocks must be closed. */
  end(): void {
    for (const block of this.blocks) this.report.add("LB_UNCLOSED_IF", { line: block.at.line }, block.at);
  }
}
