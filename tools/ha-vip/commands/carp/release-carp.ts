/** What the supervisor does for the CARP groups of a dead daemon: lets go, and says so. */
import { CarpPort } from "../../drive/carp/carp-port.ts";
import type { Network } from "../../drive/router-port.ts";
import { CARP_BOW_OUT, type CarpSettings } from "../../model/carp/carp.ts";

export function releaseCarp(settings: CarpSettings, network: Network, wasMaster: boolean): void {
  const port = CarpPort.open(settings, network);
  if (typeof port === "string") return;
  port.drop();
  if (wasMaster) port.advertise(CARP_BOW_OUT);
  port.close();
}
