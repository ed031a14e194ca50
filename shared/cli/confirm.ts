import { describe, reason } from "../reason/catalogue.ts";
import type { Danger } from "./command.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import type { CliIo } from "./io.ts";
import type { Output } from "./output.ts";
import { cliReasons } from "./reasons.ts";

/** What is about to happen. */
export interface ConfirmRequest {
  readonly level: Danger;
  /** The action as a sentence without full stop: `move pg-main from node2 to node1`. */
  readonly what: string;
  /** What the operator must type: the service's or node's name. */
  readonly subject: string;
  /** The plan, line by line, shown before the question. */
  readonly plan?: readonly string[];
  /** How to undo it, for reversible actions: `ha-crm node unstandby node1`. */
  readonly undo?: string;
}

export type ConfirmOutcome =
  { readonly ok: true; readonly reason: string | undefined } | { readonly ok: false; readonly exit: ExitCode };

export interface ConfirmFlags {
  readonly yes: boolean;
  readonly reason: string | undefined;
}

/** How often a wrong name may be typed. */
const MOST_TRIES = 3;

/**
 * Asks as the danger demands:
 * - look: nothing.
 * - reversible: nothing is asked; the action and how to undo it are told.
 * - stopsService: shows the plan; the service's name must be typed, or `--yes` given.
 * - canLoseData: the plan, the name, and a reason for the log; with `--yes` also `--reason TEXT`.
 * Where nobody can answer and `--yes` is missing the exit code is 107.
 */
export async function confirm(
  request: ConfirmRequest,
  flags: ConfirmFlags,
  io: CliIo,
  out: Output,
): Promise<ConfirmOutcome> {
  if (request.level === "look") return { ok: true, reason: flags.reason };
  const needsReason = request.level === "canLoseData";
  const plan = request.plan ?? [];
  if (plan.length > 0) out.note(plan.join("\n"));
  if (request.level === "reversible") {
    out.note(request.undo === undefined ? request.what : `${request.what} (undo: ${request.undo})`);
    return { ok: true, reason: flags.reason };
  }
  if (flags.yes) {
    if (needsReason && (flags.reason ?? "") === "")
      return refuse(request, out, "it can lose data, so the log keeps a reason", `add --reason "why"`);
    return { ok: true, reason: flags.reason };
  }
  if (!io.canAsk) {
    const fix = needsReason ? `add --yes --reason "why"` : "add --yes";
    return refuse(request, out, "there is no terminal to ask on", fix);
  }
  return await askName(request, flags, io, out);
}

function refuse(request: ConfirmRequest, out: Output, why: string, fix: string): ConfirmOutcome {
  const problem = reason(cliReasons, "CLI_NEEDS_CONFIRMATION", { what: request.what, why, fix });
  return { ok: false, exit: out.problems([describe(cliReasons, problem)], EXIT.needsConfirmation) };
}

async function askName(request: ConfirmRequest, flags: ConfirmFlags, io: CliIo, out: Output): Promise<ConfirmOutcome> {
  const effect = request.level === "canLoseData" ? "This can lose data" : "This stops service";
  io.stderr.write(`${request.what}\n`);
  for (let attempt = 0; attempt < MOST_TRIES; attempt += 1) {
    const answer = await io.ask(`${effect}. Type ${request.subject} to go on: `);
    if (answer === undefined || answer.trim() === "") return notConfirmed(out, "no name was typed");
    if (answer.trim() !== request.subject) continue;
    if (request.level !== "canLoseData" || (flags.reason ?? "") !== "") return { ok: true, reason: flags.reason };
    const why = (await io.ask("Reason, kept in the log: "))?.trim() ?? "";
    return why === "" ? notConfirmed(out, "no reason was given") : { ok: true, reason: why };
  }
  return notConfirmed(out, `the name typed was not ${request.subject}`);
}

function notConfirmed(out: Output, why: string): ConfirmOutcome {
  const problem = describe(cliReasons, reason(cliReasons, "CLI_NOT_CONFIRMED", { why }));
  return { ok: false, exit: out.problems([problem], EXIT.needsConfirmation) };
}
