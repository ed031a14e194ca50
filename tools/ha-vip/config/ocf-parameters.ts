/** The parameters of an OCF address agent, with the names of the usual IPaddr2 (`OCF_RESKEY_…`). Pure. */
import { lookUp } from "../../../shared/text/lookup.ts";
import { type Reason, reason } from "../../../shared/reason/catalogue.ts";
import { fail, ok, type Result } from "../../../shared/reason/result.ts";
import { type IpAddress, parseAddress } from "../../../shared/text/address.ts";
import { configReasons } from "../model/config-reasons.ts";
import type { OcfAddress } from "../model/ocf-address.ts";

interface Parameter {
  readonly type: "string" | "integer" | "boolean";
  readonly default?: string;
  readonly short: string;
}

/** All that is honoured, for meta-data. */
export const OCF_PARAMETERS: Readonly<Record<string, Parameter>> = {
  ip: { type: "string", short: "The IPv4 or IPv6 address" },
  nic: { type: "string", short: "The interface; by default the one whose network has the address" },
  cidr_netmask: { type: "string", short: "The length of the prefix; by default that of the interface's network" },
  broadcast: { type: "string", short: "IPv4: the broadcast address, or + for the usual one" },
  iflabel: { type: "string", short: "IPv4: a label behind the interface's name" },
  arp_count: { type: "integer", default: "5", short: "Announcements to the neighbours after the start" },
  arp_interval: { type: "integer", default: "200", short: "Milliseconds between two announcements" },
  noprefixroute: { type: "boolean", default: "false", short: "Add no route to the address's network" },
  nodad: { type: "boolean", default: "false", short: "IPv6: use the address at once" },
  preferred_lft: { type: "string", default: "forever", short: "IPv6: forever, or 0 to never use it as a source" },
};

/** Settings of IPaddr2 whose usual value asks for nothing that isn't done here anyway. */
const HARMLESS: Readonly<Record<string, readonly string[]>> = {
  arp_bg: ["true", "yes", "1"],
  arp_sender: [""],
  run_arping: ["false", "no", "0"],
  lvs_support: ["false", "no", "0"],
  lvs_ipv6_addrlabel: ["false", "no", "0"],
  unique_clone_address: ["false", "no", "0"],
  flush_routes: ["false", "no", "0"],
  monitor_retries: ["1"],
  clusterip_hash: ["", "sourceip-sourceport"],
};

const YES = new Set(["true", "yes", "1", "on"]);
const NO = new Set(["", "false", "no", "0", "off"]);
const PREFIX = "OCF_RESKEY_";
const LONGEST_PREFIX = { 4: 32, 6: 128 } as const;

class Reader {
  readonly problems: Reason[] = [];

  constructor(private readonly env: Readonly<Record<string, string | undefined>>) {}

  text(name: string): string {
    return this.env[`${PREFIX}${name}`] ?? lookUp(OCF_PARAMETERS, name)?.default ?? "";
  }

  wrong(word: string, needs: string, example: string): void {
    this.problems.push(reason(configReasons, "VIP_CONF_VALUE", { word, needs, example }));
  }

  flag(name: string): boolean {
    const text = this.text(name).toLowerCase();
    if (!YES.has(text) && !NO.has(text)) this.wrong(name, "true or false", `${name}=true`);
    return YES.has(text);
  }

  integer(name: string, least: number, most: number): number {
    const text = this.text(name);
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most)) this.wrong(name, `a number from ${least} to ${most}`, `${name}=${least}`);
    return value;
  }

  address(name: string): IpAddress | undefined {
    const read = parseAddress(this.text(name));
    if (!read.ok) this.problems.push(read.problem);
    return read.ok ? read.value : undefined;
  }

  /** Nothing that was set is dropped silently. */
  refuseOthers(): void {
    for (const [variable, value = ""] of Object.entries(this.env)) {
      const name = variable.slice(PREFIX.length);
      if (!variable.startsWith(PREFIX) || name.startsWith("CRM_meta_") || Object.hasOwn(OCF_PARAMETERS, name)) continue;
      if (lookUp(HARMLESS, name)?.includes(value.toLowerCase()) === true) continue;
      const because = "this agent has no such parameter, or not with this value";
      this.problems.push(reason(configReasons, "VIP_CONF_UNSUPPORTED", { word: `${name}=${value}`, because }));
    }
  }
}

/** `24` or, as old configurations have it, `255.255.255.0`. */
function prefixLengthOf(text: string, family: 4 | 6): number | undefined {
  if (/^\d{1,3}$/.test(text)) return Number(text) <= LONGEST_PREFIX[family] ? Number(text) : undefined;
  const mask = parseAddress(text);
  if (!mask.ok || mask.value.family !== 4 || family !== 4) return undefined;
  const bits = Array.from(mask.value.bytes, (byte) => byte.toString(2).padStart(8, "0")).join("");
  return /^1*0*$/.test(bits) ? bits.lastIndexOf("1") + 1 : undefined;
}

/** Reads the environment that a resource manager gives an agent. All problems at once. */
export function readOcfAddress(env: Readonly<Record<string, string | undefined>>): Result<OcfAddress> {
  const reader = new Reader(env);
  const address = reader.address("ip");
  const mask = reader.text("cidr_netmask");
  const prefixLength = address === undefined || mask === "" ? undefined : prefixLengthOf(mask, address.family);
  if (mask !== "" && address !== undefined && prefixLength === undefined)
    reader.wrong("cidr_netmask", "a prefix length", "cidr_netmask=24");
  const wide = reader.text("broadcast");
  const broadcast = wide === "+" ? "computed" : wide === "" ? undefined : reader.address("broadcast");
  const preferred = reader.text("preferred_lft");
  if (preferred !== "forever" && preferred !== "0") reader.wrong("preferred_lft", "forever or 0", "preferred_lft=0");
  const device = reader.text("nic");
  const label = reader.text("iflabel");
  const flags = {
    noPrefixRoute: reader.flag("noprefixroute"),
    noDuplicateDetection: reader.flag("nodad"),
    deprecated: preferred === "0",
    announceCount: reader.integer("arp_count", 1, 100),
    announceIntervalMs: reader.integer("arp_interval", 1, 10_000),
  };
  reader.refuseOthers();
  if (address === undefined || reader.problems.length > 0) return fail(reader.problems);
  return ok({
    address,
    ...flags,
    ...(prefixLength === undefined ? {} : { prefixLength }),
    ...(device === "" ? {} : { device }),
    ...(broadcast === undefined ? {} : { broadcast }),
    ...(label === "" ? {} : { label }),
  });
}
