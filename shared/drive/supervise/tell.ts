import { superviseReasons } from "../../model/supervise-reasons.ts";
import { reason, type Reason } from "../../reason/catalogue.ts";
import { roundDuration } from "../../text/duration.ts";
import type { ChildDeath, SupervisorEvent } from "./supervisor.ts";

function howItEnded(death: ChildDeath): string {
  if (death.hung) return "hung";
  return death.signal ?? `exit code ${death.exitCode}`;
}

/** A supervisor's event as a coded fact of `superviseReasons`; undefined for what nobody needs to know. */
export function supervisionFact(tool: string, event: SupervisorEvent): Reason | undefined {
  switch (event.kind) {
    case "started":
      return undefined;
    case "ready":
      return reason(superviseReasons, "SUPERVISE_READY", { tool, pid: event.pid });
    case "hung":
      return reason(superviseReasons, "SUPERVISE_HUNG", { tool, silent: roundDuration(event.silentMs) });
    case "died": {
      const { death, restartInMs } = event;
      const how = howItEnded(death);
      if (restartInMs !== undefined) {
        const data = { tool, how, ran: roundDuration(death.ranMs), restartIn: roundDuration(restartInMs) };
        return reason(superviseReasons, "SUPERVISE_DIED", data);
      }
      const orderly = death.exitCode === 0 || death.wasReady;
      return orderly
        ? reason(superviseReasons, "SUPERVISE_ENDED", { tool })
        : reason(superviseReasons, "SUPERVISE_DIED_FOR_GOOD", { tool, how });
    }
    case "start-failed": {
      const data = { tool, detail: event.detail, restartIn: roundDuration(event.restartInMs) };
      return reason(superviseReasons, "SUPERVISE_START_FAILED", data);
    }
    case "stopping":
      return reason(superviseReasons, "SUPERVISE_STOPPING", { tool, signal: event.signal });
    case "killed-after-deadline":
      return reason(superviseReasons, "SUPERVISE_KILLED", { tool });
    case "hook-failed":
      return reason(superviseReasons, "SUPERVISE_HOOK_FAILED", { tool, detail: event.detail });
    default:
      return event satisfies never;
  }
}
