import type { SampleContext } from "../model/sample-context.ts";
import type { SampleArgument } from "../model/sample.ts";
import type { SampleValue } from "../model/value.ts";
import {
  numberArgument,
  textArgument,
  type CompileEnvironment,
  type FetchMaker,
  type FetchTable,
} from "./sample-types.ts";

/** Fetch suffix → counter of the table, and whether it is shown in kilobytes. */
const COUNTERS: Readonly<Record<string, { readonly counter: string; readonly kilobytes?: true }>> = {
  bytes_in_rate: { counter: "bytes_in_rate" },
  bytes_out_rate: { counter: "bytes_out_rate" },
  conn_cnt: { counter: "conn_cnt" },
  conn_cur: { counter: "conn_cur" },
  conn_rate: { counter: "conn_rate" },
  get_gpc0: { counter: "gpc0" },
  get_gpc1: { counter: "gpc1" },
  get_gpt0: { counter: "gpt0" },
  gpc0_rate: { counter: "gpc0_rate" },
  gpc1_rate: { counter: "gpc1_rate" },
  http_err_cnt: { counter: "http_err_cnt" },
  http_err_rate: { counter: "http_err_rate" },
  http_fail_cnt: { counter: "http_fail_cnt" },
  http_fail_rate: { counter: "http_fail_rate" },
  http_req_cnt: { counter: "http_req_cnt" },
  http_req_rate: { counter: "http_req_rate" },
  kbytes_in: { counter: "bytes_in_cnt", kilobytes: true },
  kbytes_out: { counter: "bytes_out_cnt", kilobytes: true },
  sess_cnt: { counter: "sess_cnt" },
  sess_rate: { counter: "sess_rate" },
  trackers: { counter: "trackers" },
};

/** Suffixes whose first argument is the index in an array. */
const ARRAYS: Readonly<Record<string, string>> = { get_gpc: "gpc", get_gpt: "gpt", gpc_rate: "gpc_rate" };

const scale = (value: number | undefined, kilobytes: boolean) =>
  value === undefined ? undefined : kilobytes ? Math.floor(value / 1024) : value;

/** `sc_X(slot[,table])`, or `sc0_X([table])` with a fixed slot. */
function tracked(fixedSlot: number | undefined, counter: string, kilobytes: boolean): FetchMaker {
  return (values) => {
    const slot = fixedSlot ?? numberArgument(values, 0, 0);
    const table = optionalTable(values, fixedSlot === undefined ? 1 : 0);
    return { get: (context) => scale(context.tracked(slot)?.read(counter, 0, table), kilobytes) };
  };
}

function trackedArray(fixedSlot: number | undefined, counter: string): FetchMaker {
  return (values) => {
    const index = numberArgument(values, 0, 0);
    const slot = fixedSlot ?? numberArgument(values, 1, 0);
    const table = optionalTable(values, fixedSlot === undefined ? 2 : 1);
    return { get: (context) => context.tracked(slot)?.read(counter, index, table) };
  };
}

function trackedChange(
  fixedSlot: number | undefined,
  operation: "increment" | "clear",
  array: "gpc" | "gpc0" | "gpc1",
): FetchMaker {
  return (values) => {
    const shift = array === "gpc" ? 1 : 0;
    const index = array === "gpc" ? numberArgument(values, 0, 0) : 0;
    const slot = fixedSlot ?? numberArgument(values, shift, 0);
    const table = optionalTable(values, shift + (fixedSlot === undefined ? 1 : 0));
    return { get: (context) => context.tracked(slot)?.[operation](array, index, table) };
  };
}

function optionalTable(values: readonly SampleArgument[], index: number): string | undefined {
  const text = textArgument(values, index);
  return text === "" ? undefined : text;
}

function bySource(
  read: (context: SampleContext, table: string, source: SampleValue, index: number) => number | undefined,
  array: boolean,
): FetchMaker {
  return (values, environment: CompileEnvironment) => {
    const index = array ? numberArgument(values, 0, 0) : 0;
    const table = textArgument(values, array ? 1 : 0) || environment.proxyName;
    return {
      get: (context) => {
        const { source } = context.client;
        return source === undefined ? undefined : read(context, table, source, index);
      },
    };
  };
}

function build(): FetchTable {
  const table: Record<string, FetchMaker> = {
    table_cnt: (values, environment) => {
      const name = textArgument(values, 0) || environment.proxyName;
      return { get: ({ tables }) => tables.used(name) };
    },
    table_avl: (values, environment) => {
      const name = textArgument(values, 0) || environment.proxyName;
      return { get: ({ tables }) => tables.available(name) };
    },
    src_updt_conn_cnt: bySource(({ tables }, name, source) => tables.increment(name, source, "conn_cnt", 0), false),
  };
  const slots: readonly (readonly [string, number | undefined])[] = [
    ["sc", undefined],
    ["sc0", 0],
    ["sc1", 1],
    ["sc2", 2],
  ];
  for (const [prefix, slot] of slots) {
    for (const [suffix, { counter, kilobytes }] of Object.entries(COUNTERS))
      table[`${prefix}_${suffix}`] = tracked(slot, counter, kilobytes ?? false);
    for (const [suffix, counter] of Object.entries(ARRAYS)) table[`${prefix}_${suffix}`] = trackedArray(slot, counter);
    table[`${prefix}_tracked`] = (values) => {
      const number = slot ?? numberArgument(values, 0, 0);
      return { get: (context) => context.tracked(number) !== undefined };
    };
    for (const array of ["gpc", "gpc0", "gpc1"] as const) {
      table[`${prefix}_inc_${array}`] = trackedChange(slot, "increment", array);
      table[`${prefix}_clr_${array}`] = trackedChange(slot, "clear", array);
    }
  }
  for (const [suffix, { counter, kilobytes }] of Object.entries(COUNTERS)) {
    table[`src_${suffix}`] = bySource(
      ({ tables }, name, source) => scale(tables.read(name, source, counter, 0), kilobytes ?? false),
      false,
    );
  }
  for (const [suffix, counter] of Object.entries(ARRAYS)) {
    table[`src_${suffix}`] = bySource(
      ({ tables }, name, source, index) => tables.read(name, source, counter, index),
      true,
    );
  }
  for (const array of ["gpc", "gpc0", "gpc1"] as const) {
    table[`src_inc_${array}`] = bySource(
      ({ tables }, name, source, index) => tables.increment(name, source, array, index),
      array === "gpc",
    );
    table[`src_clr_${array}`] = bySource(
      ({ tables }, name, source, index) => tables.clear(name, source, array, index),
      array === "gpc",
    );
  }
  return table;
}

/** Counters of stick tables: `sc_*`, `sc0_*` … `sc2_*`, `src_*`. */
export const STICK_FETCHES: FetchTable = build();
