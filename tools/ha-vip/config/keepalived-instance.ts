/** The block `vrrp_instance` of keepalived.conf(5). */
import { type Reason, reason } from "../../../shared/reason/catalogue.ts";
import type { Position } from "../../../shared/text/position.ts";
import type { IpAddress } from "../../../shared/text/address.ts";
import { configReasons } from "../model/config-reasons.ts";
import type { RouterConfiguration, TrackedCheck } from "../model/configuration.ts";
import { DEFAULT_ANNOUNCE, type VirtualAddress } from "../model/router.ts";
import type { Statement, Word } from "./block-text.ts";
import {
  blockOf,
  type Handlers,
  ignored,
  readAddress,
  readPrefix,
  readSeconds,
  readStatements,
  readSwitch,
  readText,
  readWhole,
  unsupported,
} from "./reader.ts";

/** Defaults for all instances, from `global_defs`. */
export interface GlobalSettings {
  version?: 2 | 3;
  announceCount?: number;
  announceDelayMs?: number;
  announceRefreshMs?: number;
}

interface Draft {
  readonly name: Word;
  device?: string;
  vrid?: { readonly value: number; readonly at: Position };
  priority?: number;
  intervalMs?: number;
  version?: 2 | 3;
  preempt?: boolean;
  preemptDelayMs?: number;
  password?: string;
  source?: IpAddress;
  readonly peers: IpAddress[];
  readonly addresses: VirtualAddress[];
  readonly excluded: VirtualAddress[];
  readonly tracks: TrackedCheck[];
  readonly devices: string[];
  announceCount?: number;
  announceDelayMs?: number;
  announceRefreshMs?: number;
}

/** keepalived's own defaults (keepalived.conf(5)): a file means here what it means there. */
const DEFAULTS = { priority: 100, intervalMs: 1000, version: 2 } as const;
const ONE_HOUR_MS = 3_600_000;

function readVirtualAddress(statement: Statement, problems: Reason[]): VirtualAddress | undefined {
  const [first, ...options] = statement.words;
  const prefix = readPrefix(first, problems);
  if (prefix === undefined) return undefined;
  const found: { device?: string; label?: string } = {};
  for (let index = 0; index < options.length; index += 2) {
    const key = options[index];
    const value = options[index + 1];
    if (key?.text === "dev" && value !== undefined) found.device = value.text;
    else if (key?.text === "label" && value !== undefined) found.label = value.text;
    else if (key?.text === "scope" && value?.text === "global") continue;
    else if (["brd", "broadcast"].includes(key?.text ?? "") && value !== undefined) continue;
    else if (key !== undefined) {
      problems.push(
        reason(
          configReasons,
          "VIP_CONF_UNKNOWN",
          { where: "an address", word: key.text, hint: "use: dev, label" },
          key.at,
        ),
      );
      break;
    }
  }
  return { address: prefix.address, prefixLength: prefix.length, ...found };
}

function readTrack(statement: Statement, problems: Reason[]): TrackedCheck[] {
  const tracks: TrackedCheck[] = [];
  const words = [...statement.words];
  while (words.length > 0) {
    const name = words.shift();
    if (name === undefined) break;
    if (words[0]?.text !== "weight") {
      tracks.push({ check: name.text, at: name.at });
      continue;
    }
    const [keyword, value] = words.splice(0, 2);
    const weight = /^[+-]?\d{1,3}$/.test(value?.text ?? "") ? Number(value?.text) : Number.NaN;
    if (Math.abs(weight) <= 253) tracks.push({ check: name.text, weight, at: name.at });
    else if (keyword !== undefined) {
      const data = { word: "weight", needs: "a whole number from -253 to 253", example: `${name.text} weight -20` };
      problems.push(reason(configReasons, "VIP_CONF_VALUE", data, (value ?? keyword).at));
    }
  }
  return tracks;
}

const authentication: Handlers<Draft> = {
  auth_type(statement, _draft, problems) {
    const [, kind] = statement.words;
    if (kind?.text === "PASS") return;
    const because =
      "only PASS exists in the versions of VRRP that are in use; AH was removed from the standard in 2004";
    problems.push(
      reason(
        configReasons,
        "VIP_CONF_UNSUPPORTED",
        { word: `auth_type ${kind?.text ?? ""}`, because },
        (kind ?? statement.words[0]).at,
      ),
    );
  },
  auth_pass(statement, draft, problems) {
    const word = readText(statement, "secret", problems);
    if (word !== undefined) draft.password = word;
  },
};

const NO_SUCH = "this version of ha-vip doesn't do it yet";

const handlers: Handlers<Draft> = {
  state(statement, _draft, problems) {
    const word = statement.words[1];
    if (word?.text === "SLAVE") problems.push(reason(configReasons, "VIP_CONF_STATE_SLAVE", {}, word.at));
    else if (word === undefined || !["MASTER", "BACKUP"].includes(word.text)) {
      const data = { word: "state", needs: "MASTER or BACKUP", example: "state BACKUP" };
      problems.push(reason(configReasons, "VIP_CONF_VALUE", data, (word ?? statement.words[0]).at));
    }
  },
  interface(statement, draft, problems) {
    const device = readText(statement, "eth0", problems);
    if (device !== undefined) draft.device = device;
  },
  virtual_router_id(statement, draft, problems) {
    const value = readWhole(statement, 1, 255, problems);
    if (value !== undefined) draft.vrid = { value, at: statement.words[1]?.at ?? statement.words[0].at };
  },
  priority(statement, draft, problems) {
    const value = readWhole(statement, 1, 255, problems);
    if (value !== undefined) draft.priority = value;
  },
  advert_int(statement, draft, problems) {
    const value = readSeconds(statement, 10, 255_000, problems);
    if (value !== undefined) draft.intervalMs = value;
  },
  version(statement, draft, problems) {
    const value = readWhole(statement, 2, 3, problems);
    if (value !== undefined) draft.version = value === 2 ? 2 : 3;
  },
  nopreempt(_statement, draft) {
    draft.preempt = false;
  },
  preempt(_statement, draft) {
    draft.preempt = true;
  },
  preempt_delay(statement, draft, problems) {
    const value = readSeconds(statement, 0, ONE_HOUR_MS, problems);
    if (value !== undefined) draft.preemptDelayMs = value;
  },
  authentication(statement, draft, problems) {
    readStatements(blockOf(statement, problems), authentication, draft, "authentication", problems);
  },
  virtual_ipaddress(statement, draft, problems) {
    for (const line of blockOf(statement, problems)) {
      const address = readVirtualAddress(line, problems);
      if (address !== undefined) draft.addresses.push(address);
    }
  },
  virtual_ipaddress_excluded(statement, draft, problems) {
    for (const line of blockOf(statement, problems)) {
      const address = readVirtualAddress(line, problems);
      if (address !== undefined) draft.excluded.push(address);
    }
  },
  unicast_src_ip(statement, draft, problems) {
    const word = statement.words[1];
    const address = word === undefined ? undefined : readAddress(word, problems);
    if (address !== undefined) draft.source = address;
  },
  unicast_peer(statement, draft, problems) {
    for (const line of blockOf(statement, problems)) {
      const address = readAddress(line.words[0], problems);
      if (address !== undefined) draft.peers.push(address);
    }
  },
  track_script(statement, draft, problems) {
    for (const line of blockOf(statement, problems)) draft.tracks.push(...readTrack(line, problems));
  },
  track_interface(statement, draft, problems) {
    for (const line of blockOf(statement, problems)) draft.devices.push(line.words[0].text);
  },
  garp_master_repeat(statement, draft, problems) {
    const value = readWhole(statement, 1, 50, problems);
    if (value !== undefined) draft.announceCount = value;
  },
  garp_master_delay(statement, draft, problems) {
    const value = readSeconds(statement, 0, ONE_HOUR_MS, problems);
    if (value !== undefined) draft.announceDelayMs = value;
  },
  garp_master_refresh(statement, draft, problems) {
    const value = readSeconds(statement, 0, ONE_HOUR_MS, problems);
    if (value !== undefined) draft.announceRefreshMs = value;
  },
  debug: ignored("events carry their reasons"),
  dont_track_primary: ignored("an interface that is down can't hold an address"),
  strict_mode(statement, _draft, problems) {
    if (!readSwitch(statement, problems)) return;
    problems.push(
      reason(configReasons, "VIP_CONF_UNSUPPORTED", { word: "strict_mode", because: NO_SUCH }, statement.words[0].at),
    );
  },
  ...Object.fromEntries(
    [
      "use_vmac",
      "vmac_xmit_base",
      "native_ipv6",
      "mcast_src_ip",
      "track_file",
      "track_process",
      "track_bfd",
      "virtual_routes",
      "virtual_rules",
      "accept",
      "no_accept",
      "promote_secondaries",
      "lvs_sync_daemon_interface",
      "notify",
      "notify_master",
      "notify_backup",
      "notify_fault",
      "notify_stop",
      "notify_deleted",
      "smtp_alert",
      "garp_lower_prio_repeat",
      "garp_lower_prio_delay",
      "higher_prio_send_advert",
      "linkbeat_use_polling",
      "skip_check_adv_addr",
      "kernel_rx_buf_size",
      "check_unicast_src",
      "unicast_ttl",
      "down_timer_adverts",
    ].map((word) => [word, unsupported<Draft>(NO_SUCH)]),
  ),
};

/** Reads one instance; undefined when something that it can't be without is missing. */
export function readInstance(
  statement: Statement,
  globals: GlobalSettings,
  problems: Reason[],
): RouterConfiguration | undefined {
  const [keyword, name] = statement.words;
  if (name === undefined) {
    problems.push(
      reason(
        configReasons,
        "VIP_CONF_MISSING",
        { where: "vrrp_instance", word: "name", example: "vrrp_instance VI_1 {" },
        keyword.at,
      ),
    );
    return undefined;
  }
  const draft: Draft = { name, peers: [], addresses: [], excluded: [], tracks: [], devices: [] };
  readStatements(blockOf(statement, problems), handlers, draft, `vrrp_instance ${name.text}`, problems);
  return finish(draft, globals, problems);
}

function missing(draft: Draft, word: string, example: string, problems: Reason[]): undefined {
  const where = `vrrp_instance ${draft.name.text}`;
  problems.push(reason(configReasons, "VIP_CONF_MISSING", { where, word, example }, draft.name.at));
  return undefined;
}

function finish(draft: Draft, globals: GlobalSettings, problems: Reason[]): RouterConfiguration | undefined {
  const family = (draft.addresses[0] ?? draft.excluded[0])?.address.family;
  if (draft.device === undefined) missing(draft, "interface", "interface eth0", problems);
  if (draft.vrid === undefined) missing(draft, "virtual_router_id", "virtual_router_id 51", problems);
  if (family === undefined) missing(draft, "virtual_ipaddress", "virtual_ipaddress { 10.0.0.100/24 }", problems);
  if (draft.device === undefined || draft.vrid === undefined || family === undefined) return undefined;
  const version = draft.version ?? globals.version ?? (family === 6 ? 3 : DEFAULTS.version);
  checkPassword(draft, version, problems);
  checkInterval(draft, version, problems);
  const mixed = draft.addresses.find((one) => one.address.family !== family);
  if (mixed !== undefined) {
    const data = {
      word: "virtual_ipaddress",
      needs: "addresses of one family",
      example: "one vrrp_instance for IPv4 and one for IPv6",
    };
    problems.push(reason(configReasons, "VIP_CONF_VALUE", data, draft.name.at));
  }
  return {
    settings: {
      name: draft.name.text,
      vrid: draft.vrid.value,
      family,
      version,
      device: draft.device,
      priority: draft.priority ?? DEFAULTS.priority,
      intervalMs: draft.intervalMs ?? DEFAULTS.intervalMs,
      preempt: draft.preempt ?? true,
      preemptDelayMs: draft.preemptDelayMs ?? 0,
      addresses: draft.addresses,
      excludedAddresses: draft.excluded,
      ...(draft.password === undefined || version === 3 ? {} : { password: draft.password }),
      ...(draft.source === undefined ? {} : { source: draft.source }),
      peers: draft.peers,
      announce: {
        count: draft.announceCount ?? globals.announceCount ?? DEFAULT_ANNOUNCE.count,
        delayMs: draft.announceDelayMs ?? globals.announceDelayMs ?? DEFAULT_ANNOUNCE.delayMs,
        refreshMs: draft.announceRefreshMs ?? globals.announceRefreshMs ?? DEFAULT_ANNOUNCE.refreshMs,
      },
    },
    tracks: draft.tracks,
    trackedDevices: draft.devices,
    at: draft.vrid.at,
  };
}

function checkPassword(draft: Draft, version: 2 | 3, problems: Reason[]): void {
  if (draft.password === undefined) return;
  const data = { name: draft.name.text };
  if (version === 3) problems.push(reason(configReasons, "VIP_CONF_PASSWORD_V3", data, draft.name.at));
  else problems.push(reason(configReasons, "VIP_CONF_PASSWORD", data, draft.name.at));
  if (draft.password.length > 8) problems.push(reason(configReasons, "VIP_CONF_PASSWORD_LONG", data, draft.name.at));
}

/** Version 2 has whole seconds on the wire; version 3 has 40.95 s at most. */
function checkInterval(draft: Draft, version: 2 | 3, problems: Reason[]): void {
  const interval = draft.intervalMs ?? DEFAULTS.intervalMs;
  const fits = version === 2 ? interval % 1000 === 0 : interval <= 40_950;
  if (fits) return;
  const needs = version === 2 ? "whole seconds in version 2 (add: version 3)" : "at most 40.95 seconds in version 3";
  problems.push(
    reason(
      configReasons,
      "VIP_CONF_VALUE",
      { word: "advert_int", needs, example: "version 3 and advert_int 0.1" },
      draft.name.at,
    ),
  );
}
