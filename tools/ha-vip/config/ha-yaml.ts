/** The section `vip:` of ha.yaml → the model. */
import { type Reason, reason } from "../../../shared/reason/catalogue.ts";
import { fail, ok, type Result } from "../../../shared/reason/result.ts";
import type { IpAddress } from "../../../shared/text/address.ts";
import type { Position } from "../../../shared/text/position.ts";
import type { Source } from "../../../shared/text/source.ts";
import { checkYaml } from "../../../shared/text/yaml-check.ts";
import { parseYaml, yamlPosition, type YamlText } from "../../../shared/text/yaml.ts";
import { checkConfiguration } from "../model/check-configuration.ts";
import { configReasons } from "../model/config-reasons.ts";
import type {
  CheckSettings,
  CheckTarget,
  FifoSettings,
  NotifyScript,
  NotifySettings,
  RouterConfiguration,
  VipConfiguration,
} from "../model/configuration.ts";
import { holdersOf } from "../model/holders.ts";
import type { RouterSettings, VirtualAddress } from "../model/router.ts";
import { WITNESS_PORT } from "../model/witness.ts";
import type { Statement, Word } from "./block-text.ts";
import { readBgp } from "./bgp/bgp-section.ts";
import { carpMistake, readCarp } from "./carp/carp-section.ts";
import { CHECK_FORMS, parseCheckTarget } from "./check-target.ts";
import {
  type AddressSection,
  type CheckSection,
  haYamlSchema,
  type NotifySection,
  type RouterSection,
  type ScriptSection,
} from "./ha-yaml-schema.ts";
import { doubleMembers, readPool } from "./pool/pool-section.ts";
import { readMac, readVirtualRoute, readVirtualRule } from "./keepalived-address.ts";
import { isError } from "./reader.ts";
import { passedAddress, passedPrefix } from "./schema-texts.ts";

function optionalAddress(text: string | undefined): IpAddress | undefined {
  return text === undefined ? undefined : passedAddress(text);
}

/** Leaves out what is undefined: absent and undefined are different things in the model. */
function given<Shape extends Record<string, unknown>>(
  shape: Shape,
): { [Key in keyof Shape]: Exclude<Shape[Key], undefined> } {
  const kept = Object.entries(shape).filter(([, value]) => value !== undefined);
  return Object.fromEntries(kept) as { [Key in keyof Shape]: Exclude<Shape[Key], undefined> };
}

function addressOf(section: AddressSection): VirtualAddress {
  if (typeof section === "string") {
    const { address: ip, length } = passedPrefix(section);
    return { address: ip, prefixLength: length };
  }
  const { address: text, broadcast, peer, ...rest } = section;
  const { address: ip, length } = passedPrefix(text);
  const where: VirtualAddress["broadcast"] = broadcast === "computed" ? "computed" : optionalAddress(broadcast);
  return { address: ip, prefixLength: length, ...given({ ...rest, broadcast: where, peer: optionalAddress(peer) }) };
}

export function scriptOf(section: ScriptSection, at?: Position): NotifyScript {
  const place = at === undefined ? {} : { at };
  if (typeof section === "string") return { argv: section.trim().split(/\s+/), ...place };
  const { command, group, user } = section;
  return { argv: command, ...(user === undefined ? {} : { runAs: { user, ...given({ group }) } }), ...place };
}

function notifyOf({ priorityChanges, ...scripts }: NotifySection): NotifySettings {
  const read = Object.entries(scripts).flatMap(([name, section]) =>
    section === undefined ? [] : [[name, scriptOf(section)] as const],
  );
  return { ...Object.fromEntries(read), ...given({ priorityChanges }) };
}

/** A line in the words of ip(8), as the keepalived reader takes it. */
function statementOf(text: string, at: Position): Statement | undefined {
  const words: Word[] = text
    .trim()
    .split(/\s+/)
    .map((word) => ({ text: word, at, quoted: false }));
  const [first, ...rest] = words;
  return first === undefined ? undefined : { words: [first, ...rest] };
}

function lines<Item>(
  texts: readonly string[],
  at: Position,
  read: (statement: Statement, problems: Reason[]) => Item | undefined,
  problems: Reason[],
): Item[] {
  return texts.flatMap((text) => {
    const statement = statementOf(text, at);
    return (statement && read(statement, problems)) ?? [];
  });
}

function settingsOf(section: RouterSection, witness: boolean, at: Position, problems: Reason[]): RouterSettings {
  const { announce, checks, devices, excludedAddresses, group, interval, notify, password, preemptDelay, ...rest } =
    section;
  const { addresses, peers, routes, rules, source, startupDelay, vmac, ...plain } = rest;
  void checks;
  void notify;
  const virtual = addresses.map(addressOf);
  const mac = vmac === undefined ? undefined : readMac(vmac.mac, section.vrid);
  if (vmac !== undefined && mac === undefined) {
    const data = { word: "mac", needs: "a hardware address", example: "mac: 00:00:5e:00:01:33" };
    problems.push(reason(configReasons, "VIP_CONF_VALUE", data, at));
  }
  const family = virtual[0]?.address.family ?? 4;
  if (virtual.some((one) => one.address.family !== family)) {
    const data = {
      word: "addresses",
      needs: "addresses of one family",
      example: "one router for IPv4 and one for IPv6",
    };
    problems.push(reason(configReasons, "VIP_CONF_VALUE", data, at));
  }
  return {
    ...plain,
    family,
    addresses: virtual,
    excludedAddresses: excludedAddresses.map(addressOf),
    intervalMs: interval,
    preemptDelayMs: preemptDelay,
    startupDelayMs: startupDelay,
    peers: peers.map(passedAddress),
    routes: lines(routes, at, readVirtualRoute, problems),
    rules: lines(rules, at, readVirtualRule, problems),
    trackedDevices: devices,
    witness,
    announce: {
      count: announce.count,
      delayMs: announce.delay,
      refreshMs: announce.refresh,
      refreshCount: announce.refreshCount,
      repairCount: announce.repairCount,
      repairDelayMs: announce.repairDelay,
    },
    ...given({ password, source: optionalAddress(source), group: optionalAddress(group) }),
    ...(vmac === undefined || mac === undefined ? {} : { vmac: { ...vmac, mac } }),
  };
}

function routerOf(section: RouterSection, witness: boolean, at: Position, problems: Reason[]): RouterConfiguration {
  return {
    settings: settingsOf(section, witness, at, problems),
    tracks: section.checks.map((track) =>
      typeof track === "string"
        ? { check: track, at }
        : { check: track.check, ...given({ weight: track.weight, reverse: track.reverse }), at },
    ),
    notify: notifyOf(section.notify),
    at,
  };
}

function targetOf(section: CheckSection["target"]): CheckTarget | undefined {
  if (typeof section === "string") return parseCheckTarget(section);
  if ("command" in section) {
    const { argv, runAs } = scriptOf(section);
    return { kind: "exec", argv, ...given({ runAs }) };
  }
  if ("number" in section) return { kind: "file", path: section.number };
  const { arguments: words, process, quorum, quorumMost } = section;
  return { kind: "process", name: process, quorum, ...given({ arguments: words, quorumMost }) };
}

function checkOf(section: CheckSection, at: Position, problems: Reason[]): CheckSettings[] {
  const { interval, reverse, target: _target, timeout, ...rest } = section;
  const target = targetOf(section.target);
  if (target === undefined) {
    const data = { word: "target", needs: CHECK_FORMS, example: "target: tcp://127.0.0.1:80" };
    problems.push(reason(configReasons, "VIP_CONF_VALUE", data, at));
    return [];
  }
  return [{ ...rest, target, intervalMs: interval, timeoutMs: timeout ?? interval, ...given({ reverse }), at }];
}

function fifoOf({
  group,
  path,
  script,
  user,
}: {
  path: string;
  user?: string | undefined;
  group?: string | undefined;
  script?: ScriptSection | undefined;
}): FifoSettings {
  return {
    path,
    ...(user === undefined ? {} : { runAs: { user, ...given({ group }) } }),
    ...(script === undefined ? {} : { script: scriptOf(script) }),
  };
}

/** Reads the section; all problems at once, with their places. */
export function parseHaYaml(source: Source): Result<VipConfiguration> {
  const text = parseYaml(source);
  if (!text.ok) return text;
  const checked = checkYaml(text.value, haYamlSchema);
  if (!checked.ok) return checked;
  return build(source.file, text.value, checked.value.vip);
}

function build(
  file: string,
  text: YamlText,
  section: ReturnType<typeof haYamlSchema.parse>["vip"],
): Result<VipConfiguration> {
  const problems: Reason[] = [];
  const at = (kind: string, index: number): Position => yamlPosition(text, ["vip", kind, index, "name"]);
  const { witness } = section;
  const carps = section.carp.map((one, index) => {
    const place = at("carp", index);
    const carp = { ...readCarp(one, place), notify: notifyOf(one.notify) };
    const mistake = carpMistake(carp);
    if (mistake !== undefined) {
      problems.push(reason(configReasons, "VIP_CONF_VALUE", { word: `carp ${one.name}`, ...mistake }, place));
    }
    return carp;
  });
  const pools = section.pools.map((one, index) => {
    const pool = { ...readPool(one, at("pools", index)), notify: notifyOf(one.notify) };
    problems.push(...doubleMembers(pool));
    return pool;
  });
  const configuration: VipConfiguration = {
    origin: file,
    routers: section.routers.map((one, index) => routerOf(one, witness !== undefined, at("routers", index), problems)),
    checks: section.checks.flatMap((one, index) => checkOf(one, at("checks", index), problems)),
    groups: section.groups.map(({ members, name, notify }, index) => ({
      name,
      members,
      notify: notifyOf(notify),
      at: at("groups", index),
    })),
    fifos: section.fifos.map(fifoOf),
    ...(carps.length === 0 ? {} : { carps }),
    ...(pools.length === 0 ? {} : { pools }),
    ...(section.bgp === undefined
      ? {}
      : {
          bgp: readBgp(
            section.bgp,
            (kind, index) => yamlPosition(text, ["vip", "bgp", kind, index, kind === "peers" ? "address" : "name"]),
            notifyOf,
            problems,
          ),
        }),
    ...(witness === undefined ? {} : { witness: { ...witness, port: witness.port ?? WITNESS_PORT } }),
    ...(section.startup === undefined ? {} : { startup: scriptOf(section.startup) }),
    ...(section.shutdown === undefined ? {} : { shutdown: scriptOf(section.shutdown) }),
  };
  if (holdersOf(configuration).length + pools.length === 0) {
    const data = { where: "vip:", word: "routers", example: "routers:, pools:, carp: or bgp:" };
    problems.push(reason(configReasons, "VIP_CONF_MISSING", data, yamlPosition(text, ["vip"])));
  }
  problems.push(...checkConfiguration(configuration));
  return problems.some(isError) ? fail(problems) : ok(configuration, problems);
}
