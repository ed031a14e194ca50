import type { SampleCall, SampleExpression, SampleType } from "../model/sample.ts";
import type { SampleContext } from "../model/sample-context.ts";
import type { SampleValue } from "../model/value.ts";
import { HASH_CONVERTERS } from "./sample-convert-hash.ts";
import { MATH_CONVERTERS } from "./sample-convert-math.ts";
import { STATE_CONVERTERS } from "./sample-convert-state.ts";
import { TEXT_CONVERTERS } from "./sample-convert-text.ts";
import { TIME_CONVERTERS } from "./sample-convert-time.ts";
import { TOKEN_CONVERTERS } from "./sample-convert-token.ts";
import { BUFFER_FETCHES } from "./sample-fetch-buffer.ts";
import { CONNECTION_FETCHES } from "./sample-fetch-connection.ts";
import { HTTP_FETCHES } from "./sample-fetch-http.ts";
import { STATE_FETCHES } from "./sample-fetch-state.ts";
import { STICK_FETCHES } from "./sample-fetch-stick.ts";
import { TLS_FETCHES } from "./sample-fetch-tls.ts";
import type { CompiledSample, CompileEnvironment, Convert, ConverterTable, FetchTable } from "./sample-types.ts";

const FETCH_TABLES: readonly FetchTable[] = [
  HTTP_FETCHES,
  CONNECTION_FETCHES,
  TLS_FETCHES,
  STATE_FETCHES,
  STICK_FETCHES,
  BUFFER_FETCHES,
];
const CONVERTER_TABLES: readonly ConverterTable[] = [
  TEXT_CONVERTERS,
  MATH_CONVERTERS,
  HASH_CONVERTERS,
  TIME_CONVERTERS,
  STATE_CONVERTERS,
  TOKEN_CONVERTERS,
];

export type { CompiledSample, CompileEnvironment, Get } from "./sample-types.ts";

/** Is there code for this fetch (or converter)? For tests and the reference page. */
export function hasFetch(name: string): boolean {
  return FETCH_TABLES.some((table) => Object.hasOwn(table, name));
}

export function hasConverter(name: string): boolean {
  return CONVERTER_TABLES.some((table) => Object.hasOwn(table, name));
}

/**
 * Turns an expression into closures over a `SampleContext`. Compile once, when the configuration is loaded; the
 * reader has already checked names, arguments and types.
 */
export function compileExpression(expression: SampleExpression, environment: CompileEnvironment): CompiledSample {
  const fetch = compileFetch(expression.fetch, environment);
  const steps = expression.converters.map((call) => compileConverter(call, environment));
  const [first, second] = steps;
  if (first === undefined) return fetch;
  const convert: Convert = second === undefined ? first : (value, context) => runSteps(steps, value, context);
  const { get, all } = fetch;
  const single = (context: SampleContext): SampleValue | undefined => {
    const value = get(context);
    return value === undefined ? undefined : convert(value, context);
  };
  if (all === undefined) return { get: single };
  return {
    get: single,
    all: (context) => {
      const results: SampleValue[] = [];
      for (const value of all(context)) {
        const result = convert(value, context);
        if (result !== undefined) results.push(result);
      }
      return results;
    },
  };
}

function runSteps(steps: readonly Convert[], start: SampleValue, context: SampleContext): SampleValue | undefined {
  let value: SampleValue | undefined = start;
  for (const step of steps) {
    if (value === undefined) return undefined;
    value = step(value, context);
  }
  return value;
}

function compileFetch(call: SampleCall, environment: CompileEnvironment): CompiledSample {
  for (const table of FETCH_TABLES) {
    const maker = Object.hasOwn(table, call.name) ? table[call.name] : undefined;
    if (maker !== undefined) return maker(call.arguments, environment);
  }
  throw new Error(`the fetch '${call.name}' was accepted and has no code`);
}

function compileConverter(call: SampleCall, environment: CompileEnvironment): Convert {
  for (const table of CONVERTER_TABLES) {
    const maker = Object.hasOwn(table, call.name) ? table[call.name] : undefined;
    if (maker !== undefined) return maker(call.arguments, environment);
  }
  throw new Error(`the converter '${call.name}' was accepted and has no code`);
}

/** For callers that want to know the type without looking into the model. */
export function typeOf(expression: SampleExpression): SampleType {
  return expression.type;
}
