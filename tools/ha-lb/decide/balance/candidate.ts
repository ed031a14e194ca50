/** A server as balancing sees it. The data plane's own object implements it: nothing is copied per request. */
export interface Candidate {
  readonly name: string;
  /** Number of the server inside its backend, from 1: it places the server on the hash ring. */
  readonly id: number;
  readonly backup: boolean;
  /** May get new requests: up, not draining, not in maintenance, weight over 0. */
  readonly usable: boolean;
  /** Weight in force, 0 to 256; lower than the configured one while it starts slowly. */
  readonly weight: number;
  /** Sessions now, and those that wait for it. */
  readonly active: number;
  readonly queued: number;
  /** Most sessions now; Infinity without a limit. */
  readonly limit: number;
}

/** Chooses among servers. `key` is the hash of what the algorithm looks at; `avoid` is not chosen when there is another. */
export interface Balancer<Server extends Candidate> {
  /** Usable servers or weights changed. */
  rebuild(servers: readonly Server[]): void;
  next(key: number, avoid: Server | undefined): Server | undefined;
}

/**
 * The servers in play: all usable ones; when none is left the first usable backup server, or all of those
 * (`option allbackups`).
 */
export function inPlay<Server extends Candidate>(servers: readonly Server[], allBackups: boolean): readonly Server[] {
  const active = servers.filter((server) => server.usable && !server.backup);
  if (active.length > 0) return active;
  const backups = servers.filter((server) => server.usable && server.backup);
  return allBackups ? backups : backups.slice(0, 1);
}
