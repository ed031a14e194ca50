import { DEFAULT_INTERVAL_MS } from "../model/router.ts";

/** What names a configuration; `check` and `run` share it. */
export const CONFIGURATION_OPTIONS = {
  config: { type: "string", short: "f", placeholder: "FILE", summary: "a keepalived.conf, or a ha.yaml" },
  vip: {
    type: "string",
    repeatable: true,
    placeholder: "ADDRESS/LENGTH",
    summary: "an address that one of the hosts shall hold",
  },
  dev: { type: "string", placeholder: "INTERFACE", summary: "the interface for it" },
  check: {
    type: "string",
    repeatable: true,
    placeholder: "TARGET",
    summary:
      "hold it only while this passes: tcp://HOST:PORT, http://…, udp://…, dns://…, file:PATH, process:NAME, exec:COMMAND",
  },
  vrid: { type: "number", least: 1, most: 255, summary: "virtual router number; made from the address when not given" },
  priority: {
    type: "number",
    least: 1,
    most: 254,
    summary: "the highest wins; made from the host's address when not given",
  },
  interval: {
    type: "duration",
    leastMs: 10,
    mostMs: 40_950,
    default: DEFAULT_INTERVAL_MS,
    summary: "time between adverts",
  },
  witness: {
    type: "string",
    placeholder: "ADDRESS[:PORT]",
    summary: "a third place to ask before taking over (ha-vip witness runs there)",
  },
  "witness-key": { type: "string", placeholder: "FILE", summary: "the secret shared with the witness" },
  "config-id": {
    type: "string",
    short: "i",
    placeholder: "NAME",
    summary: "which @lines of a keepalived.conf count; the host's name by default",
  },
  pool: {
    type: "string",
    placeholder: "HOST,HOST,…",
    summary: "spread the addresses evenly over these hosts; the same list on all of them",
  },
  carp: {
    type: "number",
    least: 1,
    most: 255,
    placeholder: "VHID",
    summary: "speak CARP in this group, as carp(4) and ucarp do, and not VRRP",
  },
  "password-file": { type: "string", placeholder: "FILE", summary: "CARP: the shared secret in a file's first line" },
  advbase: { type: "number", least: 0, most: 254, default: 1, summary: "CARP: seconds between adverts" },
  advskew: {
    type: "number",
    least: 0,
    most: 254,
    default: 0,
    summary: "CARP: so many 256ths of a second more; the host that speaks most often is master",
  },
  preempt: { type: "flag", summary: "take the address from a living host of lower priority" },
} as const;
