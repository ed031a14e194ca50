import { toInteger } from "./sample-cast.ts";
import { textArgument, type Convert, type ConverterMaker, type ConverterTable } from "./sample-types.ts";
import { variableNamed } from "./sample-variable.ts";

type Operation = (left: number, right: number) => number | undefined;

/** Results stay in 64 bits; between 2^53 and 2^63 they aren't exact. */
const INTEGER_LIMIT = 2 ** 63;

function saturate(value: number): number {
  return Math.max(-INTEGER_LIMIT, Math.min(INTEGER_LIMIT, value));
}

/** The operand is a number or a variable. */
function binary(operation: Operation): ConverterMaker {
  return (values) => {
    const text = textArgument(values, 0);
    const constant = /^[+-]?(\d+|0x[0-9a-f]+)$/i.test(text) ? Number(text) : undefined;
    const variable = constant === undefined ? variableNamed(text) : undefined;
    const operand = (context: Parameters<Convert>[1]): number | undefined => {
      if (variable === undefined) return constant;
      const value = context.variables.get(variable.scope, variable.name);
      return value === undefined ? undefined : toInteger(value);
    };
    return (value, context) => {
      const left = toInteger(value);
      const right = operand(context);
      return left === undefined || right === undefined ? undefined : operation(left, right);
    };
  };
}

/** Bit operations on 64 bits. */
function bitwise(operation: (left: bigint, right: bigint) => bigint): ConverterMaker {
  return binary((left, right) => saturate(Number(BigInt.asIntN(64, operation(BigInt(left), BigInt(right))))));
}

function unary(operation: (value: number) => number | boolean): ConverterMaker {
  return () => (value) => {
    const number = toInteger(value);
    return number === undefined ? undefined : operation(number);
  };
}

/** Arithmetic and logic on integers. */
export const MATH_CONVERTERS: ConverterTable = {
  add: binary((left, right) => saturate(left + right)),
  sub: binary((left, right) => saturate(left - right)),
  mul: binary((left, right) => saturate(left * right)),
  div: binary((left, right) => (right === 0 ? INTEGER_LIMIT : Math.trunc(left / right))),
  mod: binary((left, right) => (right === 0 ? 0 : left % right)),
  and: bitwise((left, right) => left & right),
  or: bitwise((left, right) => left | right),
  xor: bitwise((left, right) => left ^ right),
  neg: unary((value) => -value),
  cpl: unary((value) => -value - 1),
  bool: unary((value) => value !== 0),
  not: unary((value) => value === 0),
  odd: unary((value) => Math.abs(value % 2) === 1),
  even: unary((value) => value % 2 === 0),
};
