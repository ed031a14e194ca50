/** What the supervisor does the moment the daemon is dead: tell the others, and let go of the addresses. */
import { z } from "zod";
import { PacketSocket } from "../../../../shared/drive/net/packet-socket.ts";
import { RouteClient } from "../../../../shared/drive/net/route-client.ts";
import { RouterPort } from "../../drive/router-port.ts";
import type { VipConfiguration } from "../../model/configuration.ts";
import { PRIORITY_STOP } from "../../model/packet.ts";

const testamentSchema = z.object({ masters: z.array(z.string()) });

/**
 * Removes the addresses of every router, and sends priority 0 for those that the dead daemon was master of.
 * Order: first the addresses go, then the others hear of it, so that there are never two holders.
 */
export function releaseAddresses(configuration: VipConfiguration, testament: unknown): void {
  const left = testamentSchema.safeParse(testament);
  const masters = new Set(left.success ? left.data.masters : []);
  const network = { routes: RouteClient.open(), packets: PacketSocket.openSender() };
  try {
    for (const { settings } of configuration.routers) {
      const port = RouterPort.open(settings, network);
      if (typeof port === "string") continue;
      port.dropAddresses();
      if (masters.has(settings.name)) port.advertise(PRIORITY_STOP);
      port.close();
    }
  } finally {
    network.routes.close();
    network.packets.close();
  }
}
