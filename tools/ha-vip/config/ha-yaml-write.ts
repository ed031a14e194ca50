/** The model → the section `vip:` of ha.yaml, for `ha-vip import`. Only what differs from the defaults is written. */
import { stringify } from "yaml";
import { formatAddress } from "../../../shared/text/address.ts";
import { formatDuration } from "../../../shared/text/duration.ts";
import { formatEndpoint } from "../../../shared/text/endpoint.ts";
import { formatPrefix } from "../../../shared/text/prefix.ts";
import type {
  CheckSettings,
  CheckTarget,
  NotifyScript,
  NotifySettings,
  RouterConfiguration,
  VipConfiguration,
} from "../model/configuration.ts";
import { announcementWords, bgpWords, peerWords } from "./bgp/bgp-write.ts";
import { carpWords } from "./carp/carp-write.ts";
import {
  DEFAULT_ANNOUNCE,
  ROUTER_DEFAULTS,
  type VirtualAddress,
  type VirtualRoute,
  type VirtualRule,
} from "../model/router.ts";

type Section = Record<string, unknown>;

/** Drops undefined, empty lists, and values equal to the default. */
function sparse(section: Section, defaults: Section = {}): Section {
  return Object.fromEntries(
    Object.entries(section).filter(([key, value]) => {
      if (value === undefined || JSON.stringify(value) === JSON.stringify(defaults[key])) return false;
      if (Array.isArray(value)) return value.length > 0;
      return !(typeof value === "object" && value !== null && Object.keys(value).length === 0);
    }),
  );
}

const mac = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":");

function addressSection(one: VirtualAddress): unknown {
  const { address, broadcast, peer, prefixLength, ...rest } = one;
  const text = formatPrefix({ address, length: prefixLength });
  const section = sparse({
    ...rest,
    broadcast: broadcast === undefined || broadcast === "computed" ? broadcast : formatAddress(broadcast),
    peer: peer && formatAddress(peer),
  });
  return Object.keys(section).length === 0 ? text : { address: text, ...section };
}

function scriptSection({ argv, runAs }: NotifyScript): unknown {
  const plain = runAs === undefined && argv.every((word) => /^\S+$/.test(word));
  return plain ? argv.join(" ") : { command: argv, ...runAs };
}

function notifySection({ priorityChanges, ...scripts }: NotifySettings): Section {
  const read = Object.entries(scripts).map(([name, script]) => [name, scriptSection(script)] as const);
  return sparse({ ...Object.fromEntries(read), priorityChanges });
}

/** In the words of ip-route(8). */
export function routeText(route: VirtualRoute): string {
  const { destination, device, gateway, kind, metric, mtu, nextHops, onLink, scope, source, table } = route;
  const words: (string | number)[] = [];
  const put = (word: string, value: string | number | undefined): void => {
    if (value !== undefined) words.push(word, value);
  };
  if (kind !== undefined) words.push(kind);
  words.push(destination === undefined ? "default" : formatPrefix(destination));
  put("via", gateway && formatAddress(gateway));
  put("dev", device);
  put("src", source && formatAddress(source));
  put("metric", metric);
  put("table", table);
  put("scope", scope);
  put("mtu", mtu);
  if (onLink === true) words.push("onlink");
  // Nothing else says the family of a default route without a gateway.
  if (route.family === 6 && !(destination ?? gateway ?? nextHops?.[0])) words.push("inet6");
  for (const hop of nextHops ?? []) {
    words.push("nexthop");
    put("via", formatAddress(hop.gateway));
    put("dev", hop.device);
    put("weight", hop.weight);
  }
  return words.join(" ");
}

/** In the words of ip-rule(8). */
export function ruleText(rule: VirtualRule): string {
  const words: (string | number)[] = [];
  const put = (word: string, value: string | number | undefined): void => {
    if (value !== undefined) words.push(word, value);
  };
  put("from", rule.from && formatPrefix(rule.from));
  put("to", rule.to && formatPrefix(rule.to));
  put("iif", rule.inputDevice);
  put("oif", rule.outputDevice);
  const mask = rule.firewallMask === undefined ? "" : `/${rule.firewallMask}`;
  put("fwmark", rule.firewallMark === undefined ? undefined : `${rule.firewallMark}${mask}`);
  put("preference", rule.priority);
  put("table", rule.table);
  if (rule.action !== undefined) words.push(rule.action);
  if (rule.family === 6 && rule.from === undefined && rule.to === undefined) words.push("inet6");
  return words.join(" ");
}

function routerSection({ notify, settings, tracks }: RouterConfiguration): Section {
  const { announce, vmac } = settings;
  const told = {
    count: announce.count,
    delay: formatDuration(announce.delayMs),
    refresh: formatDuration(announce.refreshMs),
    refreshCount: announce.refreshCount,
    repairCount: announce.repairCount,
    repairDelay: formatDuration(announce.repairDelayMs),
  };
  const usual = {
    ...DEFAULT_ANNOUNCE,
    delay: formatDuration(DEFAULT_ANNOUNCE.delayMs),
    refresh: formatDuration(DEFAULT_ANNOUNCE.refreshMs),
    repairDelay: formatDuration(DEFAULT_ANNOUNCE.repairDelayMs),
  };
  const { downIntervals, handOver, peers, preemptDelayMs, probe, startupDelayMs, trackedDevices, ...rest } = settings;
  const { addresses, excludedAddresses, group, intervalMs, routes, rules, source } = rest;
  return sparse(
    {
      name: rest.name,
      vrid: rest.vrid,
      device: rest.device,
      version: rest.version,
      interval: formatDuration(intervalMs),
      addresses: addresses.map(addressSection),
      excludedAddresses: excludedAddresses.map(addressSection),
      priority: rest.priority,
      downIntervals,
      preempt: rest.preempt,
      preemptDelay: formatDuration(preemptDelayMs),
      startupDelay: formatDuration(startupDelayMs),
      password: rest.password,
      source: source && formatAddress(source),
      peers: peers.map(formatAddress),
      group: group && formatAddress(group),
      unicastTtl: rest.unicastTtl,
      announce: sparse(told, usual),
      answerLower: rest.answerLower,
      answerHigher: rest.answerHigher,
      probe,
      handOver,
      trackOwnDevice: rest.trackOwnDevice,
      devices: trackedDevices,
      checks: tracks.map(({ at: _at, check, ...more }) =>
        Object.keys(more).length === 0 ? check : { check, ...more },
      ),
      vmac: vmac && { ...vmac, mac: mac(vmac.mac) },
      routes: routes.map(routeText),
      rules: rules.map(ruleText),
      notify: notifySection(notify),
    },
    { ...ROUTER_DEFAULTS, preemptDelay: formatDuration(0), startupDelay: formatDuration(0) },
  );
}

function targetSection(target: CheckTarget): unknown {
  switch (target.kind) {
    case "tcp":
      return `tcp://${formatEndpoint(target)}`;
    case "http": {
      const wishes = new URLSearchParams();
      if (target.status !== undefined) wishes.set("status", String(target.status));
      if (target.match !== undefined) wishes.set("match", target.match);
      return wishes.size === 0 ? target.url : `${target.url}#${wishes.toString()}`;
    }
    case "exec":
      return { command: target.argv, ...target.runAs };
    case "udp": {
      const wishes = new URLSearchParams({ send: target.send });
      if (target.match !== undefined) wishes.set("match", target.match);
      return `udp://${formatEndpoint(target)}#${wishes.toString()}`;
    }
    case "dns":
      return `dns://${formatEndpoint(target)}/${target.name}`;
    case "process": {
      const { arguments: words, name, quorum, quorumMost } = target;
      return {
        process: name,
        ...(words === undefined ? {} : { arguments: words }),
        quorum,
        ...(quorumMost === undefined ? {} : { quorumMost }),
      };
    }
    case "file":
      return { number: target.path };
    case "exists":
      return `file:${target.path}`;
  }
}

function checkSection({ fall, intervalMs, name, reverse, rise, target, timeoutMs, weight }: CheckSettings): Section {
  const timeout = timeoutMs === intervalMs ? undefined : formatDuration(timeoutMs);
  return sparse(
    { name, target: targetSection(target), interval: formatDuration(intervalMs), timeout, rise, fall, weight, reverse },
    { rise: 1, fall: 1, weight: 0 },
  );
}

/** The text of the section, with its key. */
export function writeVipSection(configuration: VipConfiguration): string {
  const { bgp, carps = [], checks, fifos, groups, routers, shutdown, startup, witness } = configuration;
  const section = sparse({
    routers: routers.map(routerSection),
    carp: carps.map((one) => sparse({ ...carpWords(one), notify: notifySection(one.notify) })),
    bgp:
      bgp &&
      sparse({
        ...bgpWords(bgp.settings),
        peers: bgp.settings.peers.map((one) => sparse(peerWords(one))),
        announce: bgp.announcements.map((one) =>
          sparse({ ...announcementWords(one), notify: notifySection(one.notify) }),
        ),
      }),
    checks: checks.map(checkSection),
    groups: groups.map(({ members, name, notify }) => sparse({ name, members, notify: notifySection(notify) })),
    fifos: fifos.map(({ path, runAs, script }) => sparse({ path, ...runAs, script: script && scriptSection(script) })),
    witness,
    startup: startup && scriptSection(startup),
    shutdown: shutdown && scriptSection(shutdown),
  });
  return stringify({ vip: section }, { lineWidth: 0, aliasDuplicateObjects: false });
}
