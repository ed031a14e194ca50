/** What one router or group counted since the start. */
import type { RouterCounters } from "../../model/messages.ts";

type Counts = { -readonly [Name in keyof Omit<RouterCounters, "name">]: number };

export function noCounts(): Counts {
  return {
    advertsSent: 0,
    advertsReceived: 0,
    stopsSent: 0,
    stopsReceived: 0,
    badPackets: 0,
    becameMaster: 0,
    leftMaster: 0,
    announcements: 0,
  };
}
