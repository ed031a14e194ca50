import type { ReplyFiles } from "../model/reply-files.ts";
import type { SampleArgument } from "../model/sample.ts";
import type { SampleContext } from "../model/sample-context.ts";
import type { SampleValue } from "../model/value.ts";
import type { PatternRegistry } from "./acl-registry.ts";
import type { RuleTrace } from "./rules/trace.ts";

/** What compiling needs besides the model: pattern files, maps, and who is asking. */
export interface CompileEnvironment {
  readonly patterns: PatternRegistry;
  readonly files: ReplyFiles;
  /** The page that an `http-errors` section has for a status: the path of its file. */
  readonly sectionPage: (section: string, status: number) => string | undefined;
  /** The proxy the text stands in: the default of table and backend arguments. */
  readonly proxyName: string;
  /** Is told what rules and conditions do; only `explain` asks for it. */
  readonly trace?: RuleTrace;
}

export type Get = (context: SampleContext) => SampleValue | undefined;

/** A compiled fetch or expression. `all` is there when there can be several values: conditions try each. */
export interface CompiledSample {
  readonly get: Get;
  readonly all?: (context: SampleContext) => readonly SampleValue[];
}

export type FetchMaker = (values: readonly SampleArgument[], environment: CompileEnvironment) => CompiledSample;
export type FetchTable = Readonly<Record<string, FetchMaker>>;

/** Changes one value; undefined when there is no result. */
export type Convert = (value: SampleValue, context: SampleContext) => SampleValue | undefined;
export type ConverterMaker = (values: readonly SampleArgument[], environment: CompileEnvironment) => Convert;
export type ConverterTable = Readonly<Record<string, ConverterMaker>>;

export function textArgument(values: readonly SampleArgument[], index: number, otherwise = ""): string {
  const value = values[index];
  return value === undefined || value === null ? otherwise : String(value);
}

export function numberArgument(values: readonly SampleArgument[], index: number, otherwise: number): number {
  const value = values[index];
  return value === undefined || value === null || value === "" ? otherwise : Number(value);
}

/** A fetch without arguments. */
export function plain(get: Get): FetchMaker {
  const compiled = { get };
  return () => compiled;
}
