/** Configurations of every shape that the model allows, for properties. */
import fc from "fast-check";
import type { IpAddress } from "../../../shared/text/address.ts";
import type { IpPrefix } from "../../../shared/text/prefix.ts";
import { parseCheckTarget } from "../../../tools/ha-vip/config/check-target.ts";
import type {
  CheckSettings,
  CheckTarget,
  NotifyScript,
  RouterConfiguration,
  VipConfiguration,
} from "../../../tools/ha-vip/model/configuration.ts";
import {
  ROUTER_DEFAULTS,
  type RouterSettings,
  type VirtualAddress,
  type VirtualRoute,
  type VirtualRule,
} from "../../../tools/ha-vip/model/router.ts";

const MOST_MS = 3_600_000;

/** Leaves out what is undefined: absent and undefined are different things in the model. */
function sparse<Shape extends object>(shape: Shape): Shape {
  const kept = Object.entries(shape).filter(([, value]) => value !== undefined);
  return Object.assign(Object.create(Object.prototype), Object.fromEntries(kept));
}

const maybe = <Value>(one: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> => fc.option(one, { nil: undefined });
const whole = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });
const device = fc.stringMatching(/^(eth|bond|wlan)[0-9]{1,3}$/);
/** Words that YAML or the reader might take for something else. */
const word = fc.oneof(
  fc.constantFrom(
    "yes",
    "no",
    "null",
    "~",
    "1",
    "0x1f",
    "1e3",
    "- a",
    "a: b",
    "#x",
    "&a",
    "*a",
    "'",
    '"',
    "{",
    "[1]",
    "%",
  ),
  fc.string({ minLength: 1, maxLength: 12 }),
  fc.string({ minLength: 1, maxLength: 12, unit: "grapheme" }),
);

export function address(family: 4 | 6): fc.Arbitrary<IpAddress> {
  const length = family === 4 ? 4 : 16;
  return fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => ({ family, bytes }));
}

function prefix(family: 4 | 6): fc.Arbitrary<IpPrefix> {
  return fc.record({ address: address(family), length: whole(1, family === 4 ? 32 : 128) });
}

function virtualAddress(family: 4 | 6): fc.Arbitrary<VirtualAddress> {
  return fc
    .record({
      address: address(family),
      prefixLength: whole(0, family === 4 ? 32 : 128),
      device: maybe(device),
      label: maybe(fc.stringMatching(/^eth0:[a-z0-9]{1,8}$/)),
      scope: maybe(fc.constantFrom("universe", "site", "link", "host")),
      broadcast: maybe(fc.oneof(fc.constant("computed" as const), address(4))),
      peer: maybe(address(family)),
      noPrefixRoute: maybe(fc.constant(true)),
      preferred: maybe(fc.constant(true)),
      untracked: maybe(fc.constant(true)),
    })
    .map((one) => sparse(one) as VirtualAddress);
}

const table = whole(1, 0xffff_fffe);

function route(family: 4 | 6): fc.Arbitrary<VirtualRoute> {
  const hop = fc
    .record({ gateway: address(family), device: maybe(device), weight: maybe(whole(1, 256)) })
    .map((one) => sparse(one));
  return fc
    .record({
      family: fc.constant(family),
      kind: maybe(fc.constantFrom("blackhole", "unreachable", "prohibit")),
      destination: maybe(prefix(family)),
      gateway: maybe(address(family)),
      device: maybe(device),
      source: maybe(address(family)),
      metric: maybe(whole(0, 0xffff_ffff)),
      table: maybe(table),
      scope: maybe(fc.constantFrom("universe", "site", "link", "host", "nowhere")),
      onLink: maybe(fc.constant(true)),
      mtu: maybe(whole(0, 65_535)),
      nextHops: maybe(fc.array(hop, { minLength: 1, maxLength: 3 })),
    })
    .map((one) => sparse(one) as VirtualRoute);
}

function rule(family: 4 | 6): fc.Arbitrary<VirtualRule> {
  const mark = whole(0, 0xffff_ffff);
  return fc
    .record({
      family: fc.constant(family),
      from: maybe(prefix(family)),
      to: maybe(prefix(family)),
      table,
      priority: maybe(mark),
      inputDevice: maybe(device),
      outputDevice: maybe(device),
      mark: maybe(fc.tuple(mark, maybe(mark))),
      action: maybe(fc.constantFrom("blackhole", "unreachable", "prohibit")),
    })
    .map(({ mark: marks, ...one }) => {
      return sparse({ ...one, firewallMark: marks?.[0], firewallMask: marks?.[1] }) as VirtualRule;
    });
}

const runAs = fc.record({ user: word, group: maybe(word) }).map((one) => sparse(one));
const script: fc.Arbitrary<NotifyScript> = fc
  .record({ argv: fc.array(word, { minLength: 1, maxLength: 4 }), runAs: maybe(runAs) })
  .map((one) => sparse(one) as NotifyScript);

const notify = fc
  .record({
    master: maybe(script),
    backup: maybe(script),
    fault: maybe(script),
    stop: maybe(script),
    deleted: maybe(script),
    lowerPriority: maybe(script),
    any: maybe(script),
    priorityChanges: maybe(fc.boolean()),
  })
  .map((one) => sparse(one) as RouterConfiguration["notify"]);

const TARGETS = [
  "tcp://127.0.0.1:80",
  "tcp://[::1]:8080",
  "tcp://db.example.com:5432",
  "http://127.0.0.1/health",
  "https://[fd00::1]:8443/a?b=c&d=%20#status=204&match=ready%20%26%20able",
  "udp://127.0.0.1:53#send=%00a%23b&match=x=y&z",
  "udp://[fd00::2]:514",
  "dns://10.0.0.1/www.example.com",
  "dns://[fd00::1]:5353/a.b",
  "file:/run/ready now",
  "file:/run/a#b",
  "exec:/usr/bin/test -e /run/x",
  "ocf:ocf:heartbeat:nginx",
  "process:nginx",
].map((text) => {
  const target = parseCheckTarget(text);
  if (target === undefined) throw new Error(`${text} is no target`);
  return target;
});

const target: fc.Arbitrary<CheckTarget> = fc.oneof(
  fc.constantFrom(...TARGETS),
  fc.record({ argv: fc.array(word, { minLength: 1, maxLength: 4 }), runAs: maybe(runAs) }).map((one) => {
    return sparse({ kind: "exec" as const, ...one }) as CheckTarget;
  }),
  fc
    .record({
      name: word,
      arguments: maybe(fc.array(word, { maxLength: 3 })),
      quorum: whole(0, 9),
      quorumMost: maybe(whole(0, 9)),
    })
    .map((one) => sparse({ kind: "process" as const, ...one }) as CheckTarget),
  word.map((path): CheckTarget => ({ kind: "file", path: `/run/${path}` })),
);

const weight = whole(-254, 254);
const check = fc
  .record({
    target,
    intervalMs: whole(50, MOST_MS),
    timeoutMs: whole(10, MOST_MS),
    rise: whole(1, 1000),
    fall: whole(1, 1000),
    weight,
    reverse: maybe(fc.boolean()),
  })
  .map((one) => sparse(one) as Omit<CheckSettings, "name">);

function settings(family: 4 | 6): fc.Arbitrary<RouterSettings> {
  const count = whole(1, 100);
  const ms = whole(0, MOST_MS);
  const announce = fc.record({
    count,
    delayMs: ms,
    refreshMs: ms,
    refreshCount: count,
    repairCount: whole(0, 100),
    repairDelayMs: ms,
  });
  return fc
    .record({
      device,
      version: family === 6 ? fc.constant(3 as const) : fc.constantFrom(2 as const, 3 as const),
      priority: whole(1, 255),
      intervalMs: whole(10, 255_000),
      downIntervals: whole(1, 100),
      preempt: fc.boolean(),
      preemptDelayMs: ms,
      startupDelayMs: ms,
      addresses: fc.array(virtualAddress(family), { minLength: 1, maxLength: 4 }),
      excludedAddresses: fc.array(fc.oneof(virtualAddress(4), virtualAddress(6)), { maxLength: 3 }),
      routes: fc.array(fc.oneof(route(4), route(6)), { maxLength: 3 }),
      rules: fc.array(fc.oneof(rule(4), rule(6)), { maxLength: 3 }),
      password: maybe(fc.string({ minLength: 1, maxLength: 8 })),
      source: maybe(address(family)),
      peers: fc.array(address(family), { maxLength: 3 }),
      group: maybe(address(family)),
      unicastTtl: whole(1, 255),
      announce,
      answerLower: fc.boolean(),
      answerHigher: fc.boolean(),
      probe: fc.boolean(),
      handOver: fc.boolean(),
      trackOwnDevice: fc.boolean(),
      trackedDevices: fc.array(fc.record({ device, weight, reverse: fc.boolean() }), { maxLength: 3 }),
      vmac: maybe(
        fc.record({
          name: device,
          mac: fc.uint8Array({ minLength: 6, maxLength: 6 }),
          transmitBase: fc.boolean(),
        }),
      ),
    })
    .map((one) => ({ ...ROUTER_DEFAULTS, ...sparse(one), family, name: "", vrid: 1 }) as RouterSettings);
}

/** Configurations that the rules of check-configuration have nothing against: names and numbers are made unique. */
export const configurations: fc.Arbitrary<VipConfiguration> = fc
  .record({
    routers: fc.array(
      fc.record({
        settings: fc.oneof(settings(4), settings(6)),
        notify,
        tracks: fc.array(fc.record({ weight: maybe(weight), reverse: maybe(fc.boolean()) }), { maxLength: 3 }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    names: word,
    checks: fc.array(check, { minLength: 3, maxLength: 4 }),
    groups: fc.array(notify, { maxLength: 2 }),
    fifos: fc.array(
      fc.record({ path: word, runAs: maybe(runAs), script: maybe(script) }).map((one) => sparse(one)),
      { maxLength: 2 },
    ),
    witness: maybe(
      fc.record({ address: fc.constantFrom("10.0.0.9", "fd00::9"), port: whole(1, 65_535), keyFile: word }),
    ),
    startup: maybe(script),
    shutdown: maybe(script),
  })
  .map(({ checks, fifos, groups, names, routers, ...rest }) => {
    const named = routers.map(({ settings: one, tracks, ...router }, index): RouterConfiguration => ({
      ...router,
      settings: { ...one, name: `${names}${index}`, vrid: index + 1, witness: rest.witness !== undefined },
      tracks: tracks.map((track, at) => ({ check: `${names} ${at}`, ...sparse(track) })),
    }));
    const configuration = {
      origin: "made up",
      routers: named,
      checks: checks.map((one, index) => ({ name: `${names} ${index}`, ...one })),
      groups: groups.map((one, index) => ({
        name: `${names}${index}`,
        members: named.map((router) => router.settings.name),
        notify: one,
      })),
      fifos,
      ...sparse(rest),
    };
    return configuration as VipConfiguration;
  });
