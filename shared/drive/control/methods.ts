import type { z } from "zod";
import type { ControlAnswer, ControlFailure } from "./protocol.ts";

/** Who asks, as the kernel says (SO_PEERCRED), so it can't be forged. */
export interface Caller {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  /** The user's name, or the number when it has none. */
  readonly user: string;
}

/** A question or an action with one answer. */
export interface CallMethod {
  readonly kind: "call";
  readonly summary: string;
  readonly params: z.ZodType;
  /** Does it change something? Then the caller is logged. */
  readonly action: boolean;
  run(params: unknown, caller: Caller): ControlAnswer<unknown> | Promise<ControlAnswer<unknown>>;
}

/** What a stream method gets to talk to its subscriber. Calls after the end are ignored. */
export interface Subscriber {
  push(event: unknown): void;
  end(): void;
}

/** A question with a first answer and events after it. */
export interface StreamMethod {
  readonly kind: "stream";
  readonly summary: string;
  readonly params: z.ZodType;
  /** Gives the first answer and a function that is called once when the subscriber goes. */
  subscribe(params: unknown, subscriber: Subscriber, caller: Caller): StreamStart | ControlFailure;
}

export interface StreamStart {
  readonly ok: true;
  readonly result: unknown;
  readonly stop: () => void;
}

export type ControlMethod = CallMethod | StreamMethod;
export type ControlMethods = Readonly<Record<string, ControlMethod>>;

/** Declares a method; `run` gets parameters that have passed the schema. */
export function callMethod<Params extends z.ZodType, Result>(spec: {
  readonly summary: string;
  readonly params: Params;
  readonly action?: boolean;
  readonly run: (params: z.output<Params>, caller: Caller) => ControlAnswer<Result> | Promise<ControlAnswer<Result>>;
}): CallMethod {
  return {
    kind: "call",
    summary: spec.summary,
    params: spec.params,
    action: spec.action ?? false,
    // The session hands over exactly what `params` gave.
    run: (params, caller) => spec.run(params as z.output<Params>, caller),
  };
}

/** Declares a stream. */
export function streamMethod<Params extends z.ZodType>(spec: {
  readonly summary: string;
  readonly params: Params;
  readonly subscribe: (
    params: z.output<Params>,
    subscriber: Subscriber,
    caller: Caller,
  ) => StreamStart | ControlFailure;
}): StreamMethod {
  return {
    kind: "stream",
    summary: spec.summary,
    params: spec.params,
    subscribe: (params, subscriber, caller) => spec.subscribe(params as z.output<Params>, subscriber, caller),
  };
}
