/** What the supervisor does the moment the daemon is dead: tell the others, and let go of the addresses. */
import { z } from "zod";
import { PacketSocket } from "../../../../shared/drive/net/packet-socket.ts";
import { RouteClient } from "../../../../shared/drive/net/route-client.ts";
import { RouterPort } from "../../drive/router-port.ts";
import { Speakers } from "../../drive/speakers.ts";
import type { VipConfiguration } from "../../model/configuration.ts";

const testamentSchema = z.object({ masters: z.array(z.string()) });

const NO_HOOKS = { onOpen: () => undefined, onClose: () => undefined };

/**
 * Removes the addresses of every router, and sends priority 0 for those that the dead daemon was master of.
 * Order: first the addresses go, then the others hear of it, so that there are never two holders.
 */
export function releaseAddresses(configuration: VipConfiguration, testament: unknown): void {
  const left = testamentSchema.safeParse(testament);
  const masters = new Set(left.success ? left.data.masters : []);
  const network = { routes: RouteClient.open(), packets: PacketSocket.openSender() };
  const speakers = new Speakers(NO_HOOKS);
  // Routers that were master first: the others have nothing to hurry for.
  const sorted = configuration.routers.toSorted(
    (left, right) => Number(masters.has(right.settings.name)) - Number(masters.has(left.settings.name)),
  );
  try {
    for (const { settings } of sorted) {
      const port = RouterPort.open(settings, network, speakers);
      if (typeof port === "string") continue;
      port.drop();
      if (masters.has(settings.name)) port.sayGoodbye();
      port.close(speakers, { last: true });
    }
  } finally {
    network.routes.close();
    network.packets.close();
  }
}
