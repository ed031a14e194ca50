import type { Reason, ReasonData } from "../reason/catalogue.ts";
import type { TextCode } from "../reason/text-reasons.ts";
import type { Position } from "./position.ts";

/** What reading one word gives: its value or what is wrong with it. */
export type Parsed<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly problem: Reason<TextCode> };

export function parsed<Value>(value: Value): Parsed<Value> {
  return { ok: true, value };
}

/** A coded fact of the text catalogue (its words are in `shared/reason/text-reasons.ts`). */
export function textReason(code: TextCode, data: ReasonData, at?: Position): Reason<TextCode> {
  return at === undefined ? { code, data } : { code, data, at };
}

export function refused<Value>(code: TextCode, data: ReasonData, at?: Position): Parsed<Value> {
  return { ok: false, problem: textReason(code, data, at) };
}
