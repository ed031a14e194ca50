/** The secret that hosts and their witness share: read in one way by both. */
import { readFileSync, statSync } from "node:fs";
import { type Reason, reason } from "../../../shared/reason/catalogue.ts";
import { configReasons } from "../model/config-reasons.ts";

const READABLE_BY_OTHERS = 0o077;
const LEAST_KEY_BYTES = 16;

/** The secret, or why it can't be used: it isn't there, others may read it, it is too short. */
export function readWitnessKey(path: string): Buffer | Reason {
  try {
    const mode = statSync(path).mode & 0o777;
    if ((mode & READABLE_BY_OTHERS) !== 0)
      return reason(configReasons, "VIP_CONF_KEY_OPEN", { path, mode: mode.toString(8).padStart(4, "0") });
    const key = readFileSync(path);
    if (key.length < LEAST_KEY_BYTES)
      return reason(configReasons, "VIP_CONF_KEY_SHORT", { path, bytes: key.length, least: LEAST_KEY_BYTES });
    return key;
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return reason(configReasons, "VIP_CONF_UNREADABLE", { path, detail });
  }
}
