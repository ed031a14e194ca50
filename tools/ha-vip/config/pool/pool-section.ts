/** The list `pools:` of ha.yaml, and `--pool` on the command line → the model. */
import { z } from "zod";
import { type Reason, reason } from "../../../../shared/reason/catalogue.ts";
import { fail, ok, type Result } from "../../../../shared/reason/result.ts";
import type { Position } from "../../../../shared/text/position.ts";
import { durationWord, prefixWord } from "../../../../shared/text/zod-words.ts";
import { notifySchema } from "../notify-schema.ts";
import { configReasons } from "../../model/config-reasons.ts";
import type { VipConfiguration } from "../../model/configuration.ts";
import { MAX_POOL_ADDRESSES, MAX_POOL_MEMBERS, MAX_VRID, type PoolConfiguration } from "../../model/pool/pool.ts";
import { DEFAULT_INTERVAL_MS } from "../../model/router.ts";
import { passedPrefix } from "../schema-texts.ts";

export const poolSchema = z.strictObject({
  name: z.string().min(1).max(64),
  vrid: z.number().int().min(1).max(MAX_VRID),
  device: z.string().min(1).max(15),
  addresses: z.array(prefixWord()).min(1).max(MAX_POOL_ADDRESSES),
  members: z.array(z.string().min(1)).min(2).max(MAX_POOL_MEMBERS),
  interval: durationWord({ leastMs: 10, mostMs: 40_950, bareUnit: "s" }).default(DEFAULT_INTERVAL_MS),
  preemptDelay: durationWord({ leastMs: 0, mostMs: 3_600_000, bareUnit: "s" }).default(0),
  checks: z.array(z.string()).default([]),
  notify: notifySchema.default({}),
});

export type PoolSection = z.output<typeof poolSchema>;

/** A member named twice would be two places for one host. */
export function doubleMembers({ at, settings }: PoolConfiguration): Reason[] {
  const { members } = settings;
  return members
    .filter((member, index) => members.indexOf(member) < index)
    .map((name) => reason(configReasons, "VIP_CONF_TWICE", { what: "member", name }, at));
}

/** One entry of the list, without its scripts. */
export function readPool(section: PoolSection, at: Position): PoolConfiguration {
  const { addresses, checks, interval, notify: _scripts, preemptDelay, ...rest } = section;
  return {
    settings: {
      ...rest,
      addresses: addresses.map(passedPrefix).map(({ address, length }) => ({ address, prefixLength: length })),
      intervalMs: interval,
      preemptDelayMs: preemptDelay,
    },
    tracks: checks.map((check) => ({ check, at })),
    notify: {},
    at,
  };
}

const COMMAND_LINE: Position = { file: "argv", line: 1, column: 1 };

/** The line without `--pool`, whose routers hold all addresses together, as a pool that spreads them. */
export function poolLine(line: VipConfiguration, members: readonly string[]): Result<VipConfiguration> {
  const [first] = line.routers;
  if (first === undefined) throw new Error("a line without addresses was let through");
  const { device, intervalMs, preemptDelayMs, vrid } = first.settings;
  const pool: PoolConfiguration = {
    settings: {
      name: "pool",
      vrid,
      device,
      addresses: line.routers.flatMap((router) => router.settings.addresses),
      members,
      intervalMs,
      preemptDelayMs,
    },
    tracks: first.tracks,
    notify: {},
    at: COMMAND_LINE,
  };
  const problems = doubleMembers(pool);
  if (members.length < 2 || members.length > MAX_POOL_MEMBERS) {
    const needs = `2 to ${MAX_POOL_MEMBERS} hosts`;
    const data = { word: "--pool", needs, example: "--pool 10.0.0.1,10.0.0.2,10.0.0.3" };
    problems.push(reason(configReasons, "VIP_CONF_VALUE", data, COMMAND_LINE));
  }
  return problems.length > 0 ? fail(problems) : ok({ ...line, routers: [], pools: [pool] });
}
