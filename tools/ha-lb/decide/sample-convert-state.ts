import { SET_VARIABLE_CONDITIONS } from "../model/rule.ts";
import { mayBeSet } from "./variable-condition.ts";
import type { MatchMethod } from "../model/condition.ts";
import { isMatchMethod } from "../model/condition.ts";
import { toAddress, toInteger, toText } from "./sample-cast.ts";
import { replacementFunction } from "./sample-convert-text.ts";
import type { SampleValue } from "../model/value.ts";
import {
  numberArgument,
  textArgument,
  type Convert,
  type ConverterMaker,
  type ConverterTable,
} from "./sample-types.ts";
import { variableNamed } from "./sample-variable.ts";

/** `map[_MATCH][_TYPE](FILE[,DEFAULT])`. */
function map(match: MatchMethod, output: "str" | "int" | "ip"): ConverterMaker {
  return (values, environment) => {
    const index = environment.patterns.file(textArgument(values, 0), true).index(match, false);
    const given = values[1];
    const fallback = given === undefined || given === null ? undefined : typed(String(given), output);
    return (value) => {
      const entry = index.find(value);
      return entry === undefined ? fallback : typed(entry.value, output);
    };
  };
}

function typed(text: string, output: "str" | "int" | "ip"): SampleValue | undefined {
  if (output === "str") return text;
  return output === "int" ? toInteger(text) : toAddress(text);
}

/** `map_regm`: the value may hold `\1`. */
const mapRegm: ConverterMaker = (values, environment) => {
  const index = environment.patterns.file(textArgument(values, 0), true).index("reg", false);
  const given = values[1];
  return (value) => {
    const found = index.execute(toText(value));
    if (found === undefined) return given === undefined || given === null ? undefined : String(given);
    return replacementFunction(found.entry.value)(found.groups);
  };
};

function tableCounter(counter: string, array: boolean): ConverterMaker {
  return (values) => {
    const index = array ? numberArgument(values, 0, 0) : 0;
    const table = textArgument(values, array ? 1 : 0);
    return (value, { tables }) => {
      const number = tables.read(
        table,
        value,
        counter.startsWith("kbytes") ? counter.replace("kbytes", "bytes").concat("_cnt") : counter,
        index,
      );
      // A key that isn't there counts nothing.
      if (number === undefined) return 0;
      return counter.startsWith("kbytes") ? Math.floor(number / 1024) : number;
    };
  };
}

/** `table_expire` and `table_idle` may have a default for missing entries. */
function tableTime(counter: "expire" | "idle"): ConverterMaker {
  return (values) => {
    const table = textArgument(values, 0);
    const fallback = values[1] === undefined || values[1] === null ? undefined : Number(values[1]);
    return (value, { tables }) => tables.read(table, value, counter, 0) ?? fallback;
  };
}

const setVariable: ConverterMaker = (values) => {
  const { scope, name } = variableNamed(textArgument(values, 0));
  const conditions = SET_VARIABLE_CONDITIONS.filter((one) =>
    values.some((_value, index) => index > 0 && textArgument(values, index) === one),
  );
  return (value, { variables }) => {
    if (mayBeSet(conditions, scope, variables.get(scope, name), value)) variables.set(scope, name, value);
    return value;
  };
};

const unsetVariable: ConverterMaker = (values) => {
  const { scope, name } = variableNamed(textArgument(values, 0));
  return (value, { variables }) => {
    variables.unset(scope, name);
    return value;
  };
};

function capture(side: "request" | "response"): ConverterMaker {
  return (values) => {
    const slot = numberArgument(values, 0, 0);
    const convert: Convert = (value, context) => {
      context.storeCapture?.(side, slot, toText(value));
      return value;
    };
    return convert;
  };
}

const COUNTERS = [
  "bytes_in_rate",
  "bytes_out_rate",
  "conn_cnt",
  "conn_cur",
  "conn_rate",
  "gpc0",
  "gpc0_rate",
  "gpc1",
  "gpc1_rate",
  "gpt0",
  "http_err_cnt",
  "http_err_rate",
  "http_fail_cnt",
  "http_fail_rate",
  "http_req_cnt",
  "http_req_rate",
  "kbytes_in",
  "kbytes_out",
  "server_id",
  "sess_cnt",
  "sess_rate",
  "trackers",
];

function build(): ConverterTable {
  const table: Record<string, ConverterMaker> = {
    map: map("str", "str"),
    map_regm: mapRegm,
    in_table: (values) => {
      const name = textArgument(values, 0);
      return (value, { tables }) => tables.has(name, value);
    },
    table_expire: tableTime("expire"),
    table_idle: tableTime("idle"),
    "set-var": setVariable,
    "unset-var": unsetVariable,
    "capture-req": capture("request"),
    "capture-res": capture("response"),
    nbsrv:
      () =>
      (value, { world }) =>
        world.backend(toText(value)).usableServers,
    srv_queue:
      (_values, environment) =>
      (value, { world }) => {
        const text = toText(value);
        const slash = text.indexOf("/");
        return world.server(slash < 0 ? environment.proxyName : text.slice(0, slash), text.slice(slash + 1))?.queue;
      },
  };
  for (const counter of COUNTERS) table[`table_${counter}`] = tableCounter(counter, false);
  for (const counter of ["gpc", "gpc_rate", "gpt"]) table[`table_${counter}`] = tableCounter(counter, true);
  for (const match of ["str", "beg", "end", "sub", "dir", "dom", "reg", "int", "ip"]) {
    if (!isMatchMethod(match)) throw new Error(`'${match}' is no match`);
    table[`map_${match}`] = map(match, "str");
    table[`map_${match}_int`] = map(match, "int");
    table[`map_${match}_ip`] = map(match, "ip");
  }
  return table;
}

/** Converters that look into maps, stick tables, variables and the state of servers. */
export const STATE_CONVERTERS: ConverterTable = build();
