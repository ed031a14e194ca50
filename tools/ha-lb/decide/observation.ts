/**
 * What traffic tells of a server: `observe`, `error-limit`, `on-error`. Pure.
 * Source: the manual's chapter 5.2.
 */
import type { Server } from "../model/server.ts";
import type { HealthState } from "./server-health.ts";

export type Observation = keyof typeof EFFECTS;

/** What each means at layer 4 and at layer 7: good (1), bad (-1), nothing (0); and how the log calls it. */
const EFFECTS = {
  connected: { layer4: 1, layer7: 0, text: "L4 successful" },
  refused: { layer4: -1, layer7: -1, text: "L4 unsuccessful" },
  answered: { layer4: 0, layer7: 1, text: "Correct http response" },
  faulty: { layer4: 0, layer7: -1, text: "Wrong http response" },
  junk: { layer4: 0, layer7: -1, text: "Invalid http response" },
  silent: { layer4: 0, layer7: -1, text: "Read timeout (http)" },
  closed: { layer4: 0, layer7: -1, text: "Close from server (http)" },
} as const;

/** An answer's status: server errors are faults, but for those that only say what isn't there. */
export function observeStatus(status: number): Observation {
  return status >= 500 && status !== 501 && status !== 505 ? "faulty" : "answered";
}

/** @returns errors in a row after this observation */
export function countObservation(before: number, observation: Observation, layer: "layer4" | "layer7"): number {
  const effect = EFFECTS[observation][layer];
  return effect === 0 ? before : effect > 0 ? 0 : before + 1;
}

export function observationText(errors: number, last: Observation): string {
  return `Detected ${errors} consecutive errors, last one was: ${EFFECTS[last].text}`;
}

/**
 * Too many errors in a row: the health from which one failed check goes on, or undefined when only the checks become
 * quicker.
 */
export function beforeErrors(state: HealthState, { check, onError }: Server): HealthState | undefined {
  switch (onError) {
    case "fastinter":
      return undefined;
    case "fail-check":
      return state;
    case "sudden-death":
      // One failure before the last.
      return state.up ? { ...state, streak: Math.max(state.streak, check.fall - 2) } : state;
    case "mark-down":
      return state.up ? { ...state, streak: check.fall - 1 } : state;
  }
}
