import type { Position } from "../../../shared/text/position.ts";
import type { RouterSettings } from "./router.ts";

/** What a check looks at. */
export type CheckTarget =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "http"; readonly url: string; readonly status?: number }
  /** A command line, split into words; no shell runs it. */
  | { readonly kind: "exec"; readonly argv: readonly string[] };

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
  readonly at?: Position;
}

/** A check that a router follows, with a weight of its own when the file gives one. */
export interface TrackedCheck {
  readonly check: string;
  readonly weight?: number;
  readonly at?: Position;
}

export interface RouterConfiguration {
  readonly settings: RouterSettings;
  readonly tracks: readonly TrackedCheck[];
  /** Interfaces that must be up besides the router's own. */
  readonly trackedDevices: readonly string[];
  readonly at?: Position;
}

/** Everything that one ha-vip daemon runs. */
export interface VipConfiguration {
  /** Where it came from: a path, or `command line`. */
  readonly origin: string;
  readonly routers: readonly RouterConfiguration[];
  readonly checks: readonly CheckSettings[];
}

export const CHECK_DEFAULTS = { intervalMs: 1000, rise: 1, fall: 1, weight: 0 } as const;
/** What `--check` on the command line uses: a dead service is noticed in at most 150 ms. */
export const QUICK_CHECK = { intervalMs: 50, timeoutMs: 100, rise: 2, fall: 2, weight: 0 } as const;
export const LEAST_CHECK_INTERVAL_MS = 50;
export const MAX_ROUTERS = 1024;
export const MAX_CHECKS = 1024;
