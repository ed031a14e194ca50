/** The section `vip:` of ha.yaml. Names are whole words, times have units, routes are written as ip(8) has them. */
import { z } from "zod";
import { addressWord, durationWord, prefixWord } from "../../../shared/text/zod-words.ts";
import { LEAST_CHECK_INTERVAL_MS, MAX_CHECKS, MAX_ROUTERS } from "../model/configuration.ts";
import { MAX_CARPS } from "../model/carp/carp.ts";
import { MAX_POOLS } from "../model/pool/pool.ts";
import { DEFAULT_ANNOUNCE, DEFAULT_INTERVAL_MS, ROUTER_DEFAULTS } from "../model/router.ts";
import { bgpSchema } from "./bgp/bgp-section.ts";
import { carpSchema } from "./carp/carp-section.ts";
import { notifySchema, runAsWords, scriptSchema } from "./notify-schema.ts";
import { poolSchema } from "./pool/pool-section.ts";

const time = (leastMs: number, mostMs: number) => durationWord({ leastMs, mostMs, bareUnit: "s" });
const ONE_HOUR_MS = 3_600_000;
const device = z.string().min(1).max(15);
const weight = z.number().int().min(-254).max(254);

const address = z.union([
  prefixWord(),
  z.strictObject({
    address: prefixWord(),
    device: device.optional(),
    label: z.string().max(15).optional(),
    scope: z.enum(["universe", "site", "link", "host"]).optional(),
    broadcast: z.union([z.literal("computed"), addressWord()]).optional(),
    peer: addressWord().optional(),
    noPrefixRoute: z.boolean().optional(),
    preferred: z.boolean().optional(),
    untracked: z.boolean().optional(),
  }),
]);

const track = z.union([
  z.string(),
  z.strictObject({ check: z.string(), weight: weight.optional(), reverse: z.boolean().optional() }),
]);

const announce = z.strictObject({
  count: z.number().int().min(1).max(100).default(DEFAULT_ANNOUNCE.count),
  delay: time(0, ONE_HOUR_MS).default(DEFAULT_ANNOUNCE.delayMs),
  refresh: time(0, ONE_HOUR_MS).default(DEFAULT_ANNOUNCE.refreshMs),
  refreshCount: z.number().int().min(1).max(100).default(DEFAULT_ANNOUNCE.refreshCount),
  repairCount: z.number().int().min(0).max(100).default(DEFAULT_ANNOUNCE.repairCount),
  repairDelay: time(0, ONE_HOUR_MS).default(DEFAULT_ANNOUNCE.repairDelayMs),
});

const router = z.strictObject({
  name: z.string().min(1).max(128),
  vrid: z.number().int().min(1).max(255),
  device,
  addresses: z.array(address).min(1).max(255),
  excludedAddresses: z.array(address).default([]),
  version: z.union([z.literal(2), z.literal(3)]).default(3),
  priority: z.number().int().min(1).max(255).default(ROUTER_DEFAULTS.priority),
  interval: time(10, 255_000).default(DEFAULT_INTERVAL_MS),
  downIntervals: z.number().int().min(1).max(100).default(ROUTER_DEFAULTS.downIntervals),
  preempt: z.boolean().default(true),
  preemptDelay: time(0, ONE_HOUR_MS).default(0),
  startupDelay: time(0, ONE_HOUR_MS).default(0),
  password: z.string().max(8).optional(),
  source: addressWord().optional(),
  peers: z.array(addressWord()).default([]),
  group: addressWord().optional(),
  unicastTtl: z.number().int().min(1).max(255).default(255),
  announce: announce.prefault({}),
  answerLower: z.boolean().default(true),
  answerHigher: z.boolean().default(ROUTER_DEFAULTS.answerHigher),
  probe: z.boolean().default(true),
  handOver: z.boolean().default(true),
  trackOwnDevice: z.boolean().default(true),
  devices: z
    .array(z.strictObject({ device, weight: weight.default(0), reverse: z.boolean().default(false) }))
    .default([]),
  checks: z.array(track).default([]),
  vmac: z.strictObject({ name: device, mac: z.string(), transmitBase: z.boolean().default(false) }).optional(),
  routes: z.array(z.string()).default([]),
  rules: z.array(z.string()).default([]),
  notify: notifySchema.default({}),
});

const check = z.strictObject({
  name: z.string().min(1).max(200),
  target: z.union([
    z.string(),
    z.strictObject({ command: z.array(z.string()).min(1), ...runAsWords }),
    z.strictObject({
      process: z.string(),
      arguments: z.array(z.string()).optional(),
      quorum: z.number().int().min(0).default(1),
      quorumMost: z.number().int().min(0).optional(),
    }),
    /** A file that holds a number. */
    z.strictObject({ number: z.string() }),
  ]),
  interval: time(LEAST_CHECK_INTERVAL_MS, 24 * ONE_HOUR_MS).default(1000),
  timeout: time(10, 24 * ONE_HOUR_MS).optional(),
  rise: z.number().int().min(1).max(10_000).default(1),
  fall: z.number().int().min(1).max(10_000).default(1),
  weight: weight.default(0),
  reverse: z.boolean().optional(),
});

const group = z.strictObject({
  name: z.string().min(1).max(128),
  members: z.array(z.string()).min(1),
  notify: notifySchema.default({}),
});

export const vipSchema = z.strictObject({
  routers: z.array(router).max(MAX_ROUTERS).default([]),
  pools: z.array(poolSchema).max(MAX_POOLS).default([]),
  bgp: bgpSchema.optional(),
  carp: z.array(carpSchema).max(MAX_CARPS).default([]),
  checks: z.array(check).max(MAX_CHECKS).default([]),
  groups: z.array(group).default([]),
  fifos: z.array(z.strictObject({ path: z.string(), ...runAsWords, script: scriptSchema.optional() })).default([]),
  witness: z
    .strictObject({ address: addressWord(), port: z.number().int().min(1).max(65_535).optional(), keyFile: z.string() })
    .optional(),
  startup: scriptSchema.optional(),
  shutdown: scriptSchema.optional(),
});

/** The whole file: other tools have sections of their own. */
export const haYamlSchema = z.looseObject({ vip: vipSchema });

export type VipSection = z.output<typeof vipSchema>;
export type RouterSection = VipSection["routers"][number];
export type CheckSection = VipSection["checks"][number];
export type ScriptSection = z.output<typeof scriptSchema>;
export type AddressSection = z.output<typeof address>;
export type NotifySection = z.output<typeof notifySchema>;
