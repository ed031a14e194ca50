import { z } from "zod";
import { callMethod, type ControlMethods } from "../control/methods.ts";
import { answer } from "../control/protocol.ts";
import type { HeartbeatLink, PresenceReport } from "./heartbeat-messages.ts";
import type { Heartbeats } from "./heartbeats.ts";
import { linkCards } from "./link-paths.ts";

/**
 * Who is there, on a daemon's control socket: `membership.status` with the view, its quorum, and every path to every peer in both
 * directions, with the cards it goes over; `membership.cancelWait` for an operator who has seen that missing nodes are off.
 */
export function membershipMethods(
  heartbeats: Heartbeats<unknown>,
  links: readonly HeartbeatLink[],
  view: () => PresenceReport | null,
): ControlMethods {
  return {
    "membership.status": callMethod({
      summary: "who is there, by which links, and whether there is quorum",
      params: z.strictObject({}),
      run: async () => {
        const { links: paths, counters, worstLateMs, watchdog } = await heartbeats.report();
        return answer({
          view: view(),
          paths,
          cards: Object.fromEntries(linkCards(links)),
          counters,
          worstLateMs,
          watchdog,
        });
      },
    }),
    "membership.cancelWait": callMethod({
      summary: "nodes that were not seen since the start are off: quorum doesn't wait for them",
      params: z.strictObject({}),
      action: true,
      run: () => {
        heartbeats.cancelWaitForAll();
        return answer(null);
      },
    }),
  };
}
