/** From what stands in a `vrrp_instance` to a router: defaults, and what can only be judged with all of it known. */
import { type Reason, reason } from "../../../shared/reason/catalogue.ts";
import { configReasons } from "../model/config-reasons.ts";
import type { RouterConfiguration } from "../model/configuration.ts";
import { DEFAULT_ANNOUNCE, ROUTER_DEFAULTS, type RouterSettings, type VirtualMac } from "../model/router.ts";
import { PRIORITY_OWNER } from "../model/packet.ts";
import type { GlobalSettings } from "./keepalived-globals.ts";
import type { InstanceDraft } from "./keepalived-instance.ts";

/** keepalived's own defaults (keepalived.conf(5)): a file means here what it means there. */
const DEFAULTS = { priority: 100, intervalMs: 1000, version: 2 } as const;
/** Longest name of an interface. */
const MAX_DEVICE_NAME = 15;

function missing(draft: InstanceDraft, word: string, example: string, problems: Reason[]): void {
  const where = `vrrp_instance ${draft.name.text}`;
  problems.push(reason(configReasons, "VIP_CONF_MISSING", { where, word, example }, draft.name.at));
}

export function finishInstance(
  draft: InstanceDraft,
  globals: GlobalSettings,
  problems: Reason[],
): RouterConfiguration | undefined {
  const family = (draft.addresses[0] ?? draft.excluded[0])?.address.family;
  const device = draft.device ?? globals.defaultDevice;
  if (device === undefined) missing(draft, "interface", "interface eth0", problems);
  if (draft.vrid === undefined) missing(draft, "virtual_router_id", "virtual_router_id 51", problems);
  if (family === undefined) missing(draft, "virtual_ipaddress", "virtual_ipaddress { 10.0.0.100/24 }", problems);
  if (device === undefined || draft.vrid === undefined || family === undefined) return undefined;
  const version = family === 6 ? 3 : (draft.version ?? globals.version ?? DEFAULTS.version);
  checkPassword(draft, version, problems);
  checkInterval(draft, version, problems);
  checkFamilies(draft, family, problems);
  if (draft.preempt === false && draft.state?.text === "MASTER") {
    problems.push(reason(configReasons, "VIP_CONF_NOPREEMPT_MASTER", { name: draft.name.text }, draft.state.at));
  }
  if (draft.unicastSource === true && draft.peers.length === 0) {
    problems.push(reason(configReasons, "VIP_CONF_NO_PEERS", { name: draft.name.text }, draft.name.at));
  }
  return {
    settings: settingsOf(draft, globals, { device, family, version, vrid: draft.vrid.value }, problems),
    tracks: draft.tracks,
    notify: globals.priorityChanges === true ? { priorityChanges: true, ...draft.notify } : draft.notify,
    at: draft.vrid.at,
  };
}

function settingsOf(
  draft: InstanceDraft,
  globals: GlobalSettings,
  known: Pick<RouterSettings, "device" | "family" | "version" | "vrid">,
  problems: Reason[],
): RouterSettings {
  const group = draft.group ?? (known.family === 4 ? globals.group4 : globals.group6);
  const vmac = vmacOf(draft, known.vrid, globals, problems);
  const hasPassword = draft.password !== undefined && known.version === 2;
  return {
    ...ROUTER_DEFAULTS,
    ...known,
    name: draft.name.text,
    priority: priorityOf(draft, problems),
    intervalMs: draft.intervalMs ?? DEFAULTS.intervalMs,
    downIntervals: draft.downIntervals ?? globals.downIntervals ?? ROUTER_DEFAULTS.downIntervals,
    preempt: draft.preempt ?? true,
    preemptDelayMs: draft.preemptDelayMs ?? 0,
    startupDelayMs: globals.startupDelayMs ?? 0,
    addresses: draft.addresses,
    excludedAddresses: draft.excluded,
    routes: draft.routes,
    rules: draft.rules,
    ...(hasPassword && draft.password !== undefined ? { password: draft.password.slice(0, 8) } : {}),
    ...(draft.source === undefined ? {} : { source: draft.source }),
    ...(group === undefined ? {} : { group }),
    peers: draft.peers,
    unicastTtl: draft.unicastTtl ?? ROUTER_DEFAULTS.unicastTtl,
    trackOwnDevice: draft.trackOwnDevice ?? true,
    trackedDevices: draft.devices,
    ...(vmac === undefined ? {} : { vmac }),
    answerLower: draft.answerLower ?? globals.answerLower ?? true,
    answerHigher: draft.answerHigher ?? globals.answerHigher ?? ROUTER_DEFAULTS.answerHigher,
    announce: announceOf(draft, globals),
  };
}

/** keepalived takes a MASTER without a priority for the owner of the address. */
function priorityOf(draft: InstanceDraft, problems: Reason[]): number {
  const { name, preempt, priority, state } = draft;
  if (priority !== undefined) return priority;
  // With nopreempt the state is read as BACKUP, and that is told.
  if (state?.text !== "MASTER" || preempt === false) return DEFAULTS.priority;
  problems.push(reason(configReasons, "VIP_CONF_OWNER", { name: name.text, priority: PRIORITY_OWNER }, state.at));
  return PRIORITY_OWNER;
}

function announceOf(draft: InstanceDraft, globals: GlobalSettings): RouterSettings["announce"] {
  const count = draft.announceCount ?? globals.announceCount ?? DEFAULT_ANNOUNCE.count;
  return {
    count,
    delayMs: draft.announceDelayMs ?? globals.announceDelayMs ?? DEFAULT_ANNOUNCE.delayMs,
    refreshMs: draft.announceRefreshMs ?? globals.announceRefreshMs ?? DEFAULT_ANNOUNCE.refreshMs,
    refreshCount: draft.announceRefreshCount ?? globals.announceRefreshCount ?? DEFAULT_ANNOUNCE.refreshCount,
    repairCount: draft.repairCount ?? globals.repairCount ?? count,
    repairDelayMs: draft.repairDelayMs ?? globals.repairDelayMs ?? 0,
  };
}

/** The virtual router's own hardware address: 00:00:5e:00:01:VRID, for IPv6 00:00:5e:00:02:VRID (RFC 9568, section 7.3). */
function vmacOf(
  draft: InstanceDraft,
  vrid: number,
  globals: GlobalSettings,
  problems: Reason[],
): VirtualMac | undefined {
  if (draft.vmac === undefined) return undefined;
  const six = (draft.addresses[0] ?? draft.excluded[0])?.address.family === 6;
  const name = draft.vmac.name ?? `${globals.vmacPrefix ?? "vrrp"}${six ? "6" : ""}.${vrid}`;
  const given = draft.vmac.mac;
  const mac = given === undefined ? new Uint8Array([0, 0, 0x5e, 0, six ? 2 : 1, vrid]) : given(vrid);
  const value = (needs: string, example: string): undefined => {
    problems.push(reason(configReasons, "VIP_CONF_VALUE", { word: "use_vmac", needs, example }, draft.name.at));
    return undefined;
  };
  if (mac === undefined) return value("a hardware address", "use_vmac vrrp.51 02:00:5e:00:01:33");
  if (name.length > MAX_DEVICE_NAME) return value(`a name of at most ${MAX_DEVICE_NAME} letters`, "use_vmac vrrp.51");
  if (draft.peers.length > 0 && draft.transmitBase !== true) {
    return value("vmac_xmit_base beside it when there are unicast peers", "vmac_xmit_base");
  }
  return { name, mac, transmitBase: draft.transmitBase === true };
}

function checkPassword(draft: InstanceDraft, version: 2 | 3, problems: Reason[]): void {
  if (draft.password === undefined) return;
  const data = { name: draft.name.text };
  const code = version === 3 ? "VIP_CONF_PASSWORD_V3" : "VIP_CONF_PASSWORD";
  problems.push(reason(configReasons, code, data, draft.name.at));
  if (draft.password.length > 8) problems.push(reason(configReasons, "VIP_CONF_PASSWORD_LONG", data, draft.name.at));
}

/** Version 2 has whole seconds on the wire; version 3 has 40.95 s at most. */
function checkInterval(draft: InstanceDraft, version: 2 | 3, problems: Reason[]): void {
  const interval = draft.intervalMs ?? DEFAULTS.intervalMs;
  const fits = version === 2 ? interval % 1000 === 0 : interval <= 40_950;
  if (fits) return;
  const needs = version === 2 ? "whole seconds in version 2 (add: version 3)" : "at most 40.95 seconds in version 3";
  const data = { word: "advert_int", needs, example: "version 3 and advert_int 0.1" };
  problems.push(reason(configReasons, "VIP_CONF_VALUE", data, draft.name.at));
}

function checkFamilies(draft: InstanceDraft, family: 4 | 6, problems: Reason[]): void {
  const value = (word: string, needs: string, example: string): void => {
    problems.push(reason(configReasons, "VIP_CONF_VALUE", { word, needs, example }, draft.name.at));
  };
  if (draft.addresses.some((one) => one.address.family !== family)) {
    value("virtual_ipaddress", "addresses of one family", "one vrrp_instance for IPv4 and one for IPv6");
  }
  const talk = [...draft.peers, ...(draft.source === undefined ? [] : [draft.source])];
  if (talk.some((one) => one.family !== family)) {
    value("unicast_peer", `addresses of IPv${family}, like the virtual ones`, "unicast_peer { … }");
  }
}
