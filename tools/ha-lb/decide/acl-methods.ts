import type { MatchMethod } from "../model/condition.ts";

const METHODS: readonly MatchMethod[] = [
  "found",
  "bool",
  "int",
  "ip",
  "bin",
  "len",
  "str",
  "sub",
  "reg",
  "beg",
  "end",
  "dir",
  "dom",
];

export function isMatchMethod(text: string): text is MatchMethod {
  return METHODS.some((method) => method === text);
}
