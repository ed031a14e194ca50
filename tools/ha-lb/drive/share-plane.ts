/** Lets the counts of a data plane hold over all workers. */
import type { DataPlane } from "./plane.ts";
import type { SharedCounts } from "./shared-counts.ts";
import { tlsPlaces } from "./tls-places.ts";
import { type QueueCells, WaitingRoom } from "./waiting-room.ts";

const PROCESS = "process";
const TLS = "tls";

/** Names of all cells that a configuration needs, in the same order in each process. */
export function cellNames(plane: DataPlane): readonly string[] {
  const names = [PROCESS, TLS, ...plane.frontends.map((frontend) => `frontend/${frontend.name}`)];
  for (const backend of plane.backends.values()) {
    names.push(`backend/${backend.name}`, `queue/${backend.name}`, `since/${backend.name}`);
    for (const server of backend.servers) {
      const own = `${backend.name}/${server.name}`;
      names.push(`server/${own}`, `queue/${own}`, `since/${own}`);
    }
  }
  return names;
}

/** @param cells numbers of cells by name; what has none is counted by this worker alone */
export function sharePlane(plane: DataPlane, counts: SharedCounts, cells: ReadonlyMap<string, number>): void {
  const share = (owner: { share(counts: SharedCounts, cell: number): void }, name: string): void => {
    const cell = cells.get(name);
    if (cell !== undefined) owner.share(counts, cell);
  };
  const queueOf = (name: string): QueueCells | undefined => {
    const length = cells.get(`queue/${name}`);
    const since = cells.get(`since/${name}`);
    return length === undefined || since === undefined ? undefined : { length, since };
  };
  share(plane.connections, PROCESS);
  share(tlsPlaces, TLS);
  for (const frontend of plane.frontends) share(frontend, `frontend/${frontend.name}`);
  for (const backend of plane.backends.values()) {
    share(backend, `backend/${backend.name}`);
    const servers = new Map<(typeof backend.servers)[number], QueueCells>();
    for (const server of backend.servers) {
      share(server, `server/${backend.name}/${server.name}`);
      const queue = queueOf(`${backend.name}/${server.name}`);
      if (queue !== undefined) servers.set(server, queue);
    }
    const own = queueOf(backend.name);
    if (own !== undefined) backend.room = new WaitingRoom(backend, counts, own, servers);
  }
}
