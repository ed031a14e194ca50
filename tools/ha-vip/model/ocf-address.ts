/** An address that a resource manager wants on this host. */
import type { IpAddress } from "../../../shared/text/address.ts";

export interface OcfAddress {
  readonly address: IpAddress;
  /** Absent: that of the interface's network. */
  readonly prefixLength?: number;
  /** Absent: the interface whose network has the address. */
  readonly device?: string;
  readonly broadcast?: "computed" | IpAddress;
  readonly label?: string;
  readonly noPrefixRoute: boolean;
  /** IPv6: use at once, without looking for duplicates. */
  readonly noDuplicateDetection: boolean;
  /** IPv6: never chosen as the source of the host's own connections. */
  readonly deprecated: boolean;
  /** Announcements after the start, and the time between two. */
  readonly announceCount: number;
  readonly announceIntervalMs: number;
}
