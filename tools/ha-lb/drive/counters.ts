/** Counters of proxies and servers. Plain numbers: they are added to on the hot path. */

/** Events per second over the last full second and the running one, as the status page shows them. */
export class Rate {
  private second = 0;
  private current = 0;
  private previous = 0;
  highest = 0;

  add(nowMs: number): void {
    this.turn(nowMs);
    this.current += 1;
    if (this.current > this.highest) this.highest = this.current;
  }

  /** Events in the second before now. */
  perSecond(nowMs: number): number {
    this.turn(nowMs);
    const passed = nowMs / 1000 - this.second;
    return Math.round(this.current + this.previous * (1 - passed));
  }

  private turn(nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    if (second === this.second) return;
    this.previous = second === this.second + 1 ? this.current : 0;
    this.current = 0;
    this.second = second;
  }
}

class CommonCounters {
  sessions = 0;
  highestActive = 0;
  bytesIn = 0;
  bytesOut = 0;
  responseErrors = 0;
  deniedResponses = 0;
  requests = 0;
  connectErrors = 0;
  clientAborts = 0;
  serverAborts = 0;
  /** Answers by their first digit; 0 for others. */
  readonly byClass = [0, 0, 0, 0, 0, 0];
  readonly rate = new Rate();

  countStatus(status: number): void {
    const group = status >= 100 && status < 600 ? Math.floor(status / 100) : 0;
    this.byClass[group] = (this.byClass[group] ?? 0) + 1;
  }
}

export class ProxyCounters extends CommonCounters {
  deniedRequests = 0;
  /** By rules of connections, and of sessions on them. */
  deniedConnections = 0;
  deniedSessions = 0;
  requestErrors = 0;
  connections = 0;
  retries = 0;
  redispatches = 0;
  selected = 0;
  highestQueue = 0;
  downCount = 0;
  downSinceMs = 0;
  readonly requestRate = new Rate();
}

export class ServerCounters extends CommonCounters {
  connects = 0;
  reuses = 0;
  retries = 0;
  redispatches = 0;
  highestQueue = 0;
  failedChecks = 0;
  downCount = 0;
  downMs = 0;
  selected = 0;
  lastSessionMs = -1;
}
