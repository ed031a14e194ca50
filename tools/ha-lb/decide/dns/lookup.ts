/**
 * One look-up of a name: who is asked what, and when it is over. All name servers are asked at once and the first good
 * answer counts; when all have answered badly, the other family of addresses is asked for, then all of it again, up to
 * the number of tries. Pure: events go in, questions and in the end an answer come out.
 * Source: the manual's chapter 5.3.2.
 */
import type { Answer, Failure } from "./answer.ts";
import type { Question, QuestionType } from "./message.ts";

export interface LookupPlan {
  readonly name: string;
  /** In the order of preference: both families of addresses, or SRV alone. Never empty. */
  readonly types: readonly QuestionType[];
  readonly nameServers: number;
  readonly tries: number;
  readonly retryMs: number;
}

export interface Lookup {
  readonly plan: LookupPlan;
  /** Index into the plan's types. */
  readonly type: number;
  readonly triesLeft: number;
  /** Name servers that haven't answered this question. */
  readonly waitingFor: ReadonlySet<number>;
  readonly deadlineMs: number;
  /** What the last bad answer said. */
  readonly failure: Failure;
}

export type LookupStep =
  /** `ask`: put this question to all name servers. */
  | { readonly kind: "waits"; readonly lookup: Lookup; readonly ask?: Question }
  | { readonly kind: "done"; readonly answer: Answer };

export function startLookup(plan: LookupPlan, nowMs: number): LookupStep {
  if (plan.nameServers === 0) return { kind: "done", answer: { kind: "failure", failure: "other" } };
  return ask(plan, 0, plan.tries, "timeout", nowMs);
}

function ask(plan: LookupPlan, type: number, triesLeft: number, failure: Failure, nowMs: number): LookupStep {
  const asked = plan.types[type];
  if (asked === undefined) throw new Error("a look-up has no such type");
  const waitingFor = new Set(Array.from({ length: plan.nameServers }, (_, index) => index));
  const lookup: Lookup = { plan, type, triesLeft, waitingFor, deadlineMs: nowMs + plan.retryMs, failure };
  return { kind: "waits", lookup, ask: { name: plan.name, type: asked } };
}

/** A name server answered the question that is out. */
export function takeReply(lookup: Lookup, nameServer: number, answer: Answer, nowMs: number): LookupStep {
  if (!lookup.waitingFor.has(nameServer)) return { kind: "waits", lookup };
  if (answer.kind !== "failure") return { kind: "done", answer };
  const waitingFor = new Set(lookup.waitingFor);
  waitingFor.delete(nameServer);
  const next = { ...lookup, waitingFor, failure: answer.failure };
  return waitingFor.size > 0 ? { kind: "waits", lookup: next } : goOn(next, nowMs);
}

/** Nobody, or not everybody, answered in time. */
export function takeSilence(lookup: Lookup, nowMs: number): LookupStep {
  const nobody = lookup.waitingFor.size === lookup.plan.nameServers;
  // Silence says nothing of the family: the same is asked again.
  if (nobody) return again({ ...lookup, failure: "timeout" }, lookup.type, nowMs);
  return goOn(lookup, nowMs);
}

/** All said no: the other family may be there. */
function goOn(lookup: Lookup, nowMs: number): LookupStep {
  const { plan, type, triesLeft, failure } = lookup;
  if (type + 1 < plan.types.length) return ask(plan, type + 1, triesLeft, failure, nowMs);
  // A name that isn't there, in no family, won't be there for being asked again.
  if (failure === "nx" || failure === "empty") return { kind: "done", answer: { kind: "failure", failure } };
  return again(lookup, 0, nowMs);
}

function again(lookup: Lookup, type: number, nowMs: number): LookupStep {
  const { plan, triesLeft, failure } = lookup;
  if (triesLeft <= 1) return { kind: "done", answer: { kind: "failure", failure } };
  return ask(plan, type, triesLeft - 1, failure, nowMs);
}
