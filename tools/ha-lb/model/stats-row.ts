/** One line of the status page: a frontend, a server or a backend. Empty numbers are `undefined`. */
/** Of a check, or of an agent. */
export interface StatsCheck {
  readonly status: string;
  readonly code: number | undefined;
  /** Absent until there is a result. */
  readonly durationMs: number | undefined;
  readonly detail: string | undefined;
  readonly rise: number;
  readonly fall: number;
  /** Counts from 0 to rise + fall - 1. */
  readonly health: number;
}

/** Averages over some of the last requests, and the highest so far. */
export interface StatsTimes {
  readonly queueMs: number;
  readonly connectMs: number;
  readonly responseMs: number;
  readonly totalMs: number;
  readonly highestQueueMs: number;
  readonly highestConnectMs: number;
  readonly highestResponseMs: number;
  readonly highestTotalMs: number;
}

export interface StatsRow {
  readonly proxy: string;
  readonly name: string;
  readonly type: "frontend" | "backend" | "server" | "listener";
  readonly mode: "tcp" | "http";
  readonly proxyId: number;
  readonly serverId: number;
  readonly status: string;
  readonly queued: number | undefined;
  readonly highestQueue: number | undefined;
  readonly active: number;
  readonly highestActive: number;
  readonly limit: number | undefined;
  readonly sessions: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly deniedRequests: number | undefined;
  readonly deniedResponses: number;
  readonly requestErrors: number | undefined;
  readonly connectErrors: number | undefined;
  readonly responseErrors: number | undefined;
  readonly retries: number | undefined;
  readonly redispatches: number | undefined;
  readonly weight: number | undefined;
  readonly activeServers: number | undefined;
  readonly backupServers: number | undefined;
  readonly failedChecks: number | undefined;
  readonly downCount: number | undefined;
  readonly lastChangeSeconds: number | undefined;
  readonly downSeconds: number | undefined;
  readonly queueLimit: number | undefined;
  /** How much of its weight counts, while it starts slowly. */
  readonly throttlePercent: number | undefined;
  /** Chosen by the algorithm, not by a cookie or a table. */
  readonly chosen: number | undefined;
  readonly tracked: string | undefined;
  readonly rate: number;
  readonly rateLimit: number | undefined;
  readonly highestRate: number;
  readonly check: StatsCheck | undefined;
  readonly agent: StatsCheck | undefined;
  readonly failedObservations: number | undefined;
  readonly responses: readonly number[] | undefined;
  readonly requestRate: number | undefined;
  readonly highestRequestRate: number | undefined;
  readonly requests: number | undefined;
  readonly clientAborts: number | undefined;
  readonly serverAborts: number | undefined;
  readonly compression: { readonly bytesIn: number; readonly bytesOut: number; readonly responses: number } | undefined;
  /** Since the last session; -1 when there was none. */
  readonly lastSessionSeconds: number | undefined;
  readonly times: StatsTimes | undefined;
  readonly connectionRate: number | undefined;
  readonly highestConnectionRate: number | undefined;
  readonly connections: number | undefined;
  /** Requests that rules or the status page answered. */
  readonly intercepted: number | undefined;
  readonly deniedConnections: number | undefined;
  readonly deniedSessions: number | undefined;
  readonly connects: number | undefined;
  readonly reuses: number | undefined;
  readonly idle: number | undefined;
  readonly idleLimit: number | undefined;
  readonly used: number | undefined;
  readonly userWeight: number | undefined;
  readonly address: string;
  readonly cookie: string;
  readonly algorithm: string;
}
