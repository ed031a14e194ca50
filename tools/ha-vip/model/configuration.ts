import type { Position } from "../../../shared/text/position.ts";
import type { BgpConfiguration } from "./bgp/bgp.ts";
import type { CarpConfiguration } from "./carp/carp.ts";
import type { PoolConfiguration } from "./pool/pool.ts";
import type { RouterSettings, SyncGroup } from "./router.ts";
import type { WitnessSettings } from "./witness.ts";

/** Who runs a program. */
export interface RunAs {
  readonly user: string;
  readonly group?: string;
}

/** What a check looks at. */
export type CheckTarget =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  /** 2xx and 3xx are good, or the `status`; `match` is a text that the body must have. */
  | { readonly kind: "http"; readonly url: string; readonly status?: number; readonly match?: string }
  /** A command line, split into words; no shell runs it. */
  | { readonly kind: "exec"; readonly argv: readonly string[]; readonly runAs?: RunAs }
  /** A datagram is sent; an answer (that has `match` in it) is good, and so is silence when `match` is absent. */
  | {
      readonly kind: "udp";
      readonly host: string;
      readonly port: number;
      readonly send: string;
      readonly match?: string;
    }
  /** A name server that answers for a name. */
  | { readonly kind: "dns"; readonly host: string; readonly port: number; readonly name: string }
  | {
      readonly kind: "process";
      /** The name in /proc/PID/comm, or the command's path with `arguments`. */
      readonly name: string;
      readonly arguments?: readonly string[];
      readonly quorum: number;
      readonly quorumMost?: number;
    }
  /** A file whose text is a number: weight 0: anything but 0 fails; otherwise it is multiplied by the weight. */
  | { readonly kind: "file"; readonly path: string }
  /** A file or folder exists. */
  | { readonly kind: "exists"; readonly path: string };

export interface CheckSettings {
  readonly name: string;
  readonly target: CheckTarget;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** So many successes in a row make it pass, so many failures make it fail. */
  readonly rise: number;
  readonly fall: number;
  /** 0: failing is a fault. Above: added while it passes. Below: added while it fails. */
  readonly weight: number;
  /** Turns the direction of `weight` round. */
  readonly reverse?: boolean;
  readonly at?: Position;
}

/** A check that a router follows, with a weight of its own when the file gives one. */
export interface TrackedCheck {
  readonly check: string;
  readonly weight?: number;
  readonly reverse?: boolean;
  readonly at?: Position;
}

/** A script that is told of a change. */
export interface NotifyScript {
  readonly argv: readonly string[];
  readonly runAs?: RunAs;
  readonly at?: Position;
}

/** Scripts for changes of the state: keepalived.conf(5), notify_*. */
export interface NotifySettings {
  readonly master?: NotifyScript;
  readonly backup?: NotifyScript;
  readonly fault?: NotifyScript;
  readonly stop?: NotifyScript;
  readonly deleted?: NotifyScript;
  readonly lowerPriority?: NotifyScript;
  /** For every change, after the others, with four more arguments. */
  readonly any?: NotifyScript;
  /** Tells changes of the priority on the FIFO. */
  readonly priorityChanges?: boolean;
}

export interface RouterConfiguration {
  readonly settings: RouterSettings;
  readonly tracks: readonly TrackedCheck[];
  readonly notify: NotifySettings;
  readonly at?: Position;
}

export interface GroupConfiguration extends SyncGroup {
  readonly notify: NotifySettings;
  readonly at?: Position;
}

/** A FIFO on which every change is written as one line. */
export interface FifoSettings {
  readonly path: string;
  readonly runAs?: RunAs;
  /** Started with the FIFO's path as its last argument. */
  readonly script?: NotifyScript;
}

/** Everything that one ha-vip daemon runs. */
export interface VipConfiguration {
  /** Where it came from: a path, or `command line`. */
  readonly origin: string;
  readonly routers: readonly RouterConfiguration[];
  readonly checks: readonly CheckSettings[];
  readonly groups: readonly GroupConfiguration[];
  readonly fifos: readonly FifoSettings[];
  readonly witness?: WitnessSettings;
  /** Addresses that move by CARP. */
  readonly carps?: readonly CarpConfiguration[];
  /** Before they are made into routers. */
  readonly pools?: readonly PoolConfiguration[];
  /** Addresses that are announced to routers. */
  readonly bgp?: BgpConfiguration;
  readonly startup?: NotifyScript;
  readonly shutdown?: NotifyScript;
}

export const CHECK_DEFAULTS = { intervalMs: 1000, rise: 1, fall: 1, weight: 0 } as const;
/** What `--check` on the command line uses: a dead service is noticed in at most 150 ms. */
export const QUICK_CHECK = { intervalMs: 50, timeoutMs: 100, rise: 2, fall: 2, weight: 0 } as const;
/** How often files and processes that a configuration of keepalived tracks are looked at. */
export const TRACK_INTERVAL_MS = 100;
export const LEAST_CHECK_INTERVAL_MS = 50;
export const MAX_ROUTERS = 1024;
export const MAX_CHECKS = 1024;
