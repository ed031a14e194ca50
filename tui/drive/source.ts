import type { HostSample } from "../model/cluster.ts";

/** Where the monitor gets its picture from: samples are always at hand, how fresh they are is in them. */
export interface ClusterSource {
  samples(): readonly HostSample[];
  close(): void;
}
