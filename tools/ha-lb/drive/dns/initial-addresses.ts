/** Addresses that named servers begin with: `init-addr`. */
import { lookup } from "node:dns/promises";
import type { DataPlane } from "../plane.ts";
import type { ServerRuntime } from "../runtime.ts";
import { setAddress } from "../server-admin.ts";

/** The system's resolver may take much longer when its servers are silent; a start doesn't wait for that. */
const MOST_WAIT_MS = 2000;

/**
 * Goes through `init-addr` of every named server without an address. A name that can't be resolved doesn't keep the
 * process from starting: its server is out until it can.
 * @returns the servers that stay without an address though `none` wasn't allowed
 */
export async function giveInitialAddresses(plane: DataPlane): Promise<readonly ServerRuntime[]> {
  const servers = [...plane.backends.values()].flatMap((backend) =>
    backend.servers.filter((server) => !server.hasAddress),
  );
  const names = new Map<string, Promise<string | undefined>>();
  const failed = await Promise.all(
    servers.map(async (server) => ((await giveOne(plane, server, names)) ? undefined : server)),
  );
  return failed.filter((server) => server !== undefined);
}

async function giveOne(
  plane: DataPlane,
  server: ServerRuntime,
  names: Map<string, Promise<string | undefined>>,
): Promise<boolean> {
  const { address, initAddress, resolution } = server.settings;
  if (address.kind !== "name") return true;
  for (const method of initAddress) {
    // A service's name has no address of its own; `last` came with the state file.
    if (method === "none" || address.host.startsWith("_")) return true;
    if (method === "last") continue;
    const family = address.family ?? resolution?.prefer;
    const key = `${family ?? 0} ${address.host}`;
    if (method === "libc" && !names.has(key)) names.set(key, askSystem(address.host, family));
    const host = method === "libc" ? await names.get(key) : method.address;
    if (host === undefined) continue;
    setAddress(plane, server, host, server.port);
    return true;
  }
  return false;
}

async function askSystem(host: string, family: 4 | 6 | undefined): Promise<string | undefined> {
  const found = lookup(host, { family: family ?? 0 }).then(
    ({ address }) => address,
    () => undefined,
  );
  let timer: Timer | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      resolve(undefined);
    }, MOST_WAIT_MS);
  });
  const address = await Promise.race([found, late]);
  clearTimeout(timer);
  return address;
}
