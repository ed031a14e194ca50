/** Counters of proxies and servers. Plain numbers: they are added to on the hot path. */

import type { StatsTimes } from "../model/stats-row.ts";
import { nowMs } from "./timer-wheel.ts";

/** Events per second over the last full second and the running one, as the status page shows them. */
export class Rate {
  private second = 0;
  private current = 0;
  private previous = 0;
  highest = 0;

  add(nowMs: number, count = 1): void {
    this.turn(nowMs);
    this.current += count;
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

interface TimeSums {
  readonly timed: number;
  readonly queueMs: number;
  readonly connectMs: number;
  readonly responseMs: number;
  readonly totalMs: number;
}
const NO_TIMES: TimeSums = { timed: 0, queueMs: 0, connectMs: 0, responseMs: 0, totalMs: 0 };

/** Requests that an average covers: at least these, at most twice as many. */
const AVERAGED = 512;

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
  connects = 0;
  reuses = 0;
  /** Chosen by the algorithm. */
  selected = 0;
  /** When the last session began; -1 when there was none. */
  lastSessionMs = -1;
  compressedIn = 0;
  compressedOut = 0;
  compressedResponses = 0;
  /** Sums over all timed requests. */
  timed = 0;
  queueMs = 0;
  connectMs = 0;
  responseMs = 0;
  totalMs = 0;
  highestQueueMs = 0;
  highestConnectMs = 0;
  highestResponseMs = 0;
  highestTotalMs = 0;
  /** The sums when the averages began, and when the next ones will. */
  private begin: TimeSums = NO_TIMES;
  private next: TimeSums = NO_TIMES;
  /** Answers by their first digit; 0 for others. */
  readonly byClass = [0, 0, 0, 0, 0, 0];
  readonly rate = new Rate();

  /** How long the parts of a request took that a server answered. */
  countTimes(queueMs: number, connectMs: number, responseMs: number, totalMs: number): void {
    this.timed += 1;
    this.queueMs += queueMs;
    this.connectMs += connectMs;
    this.responseMs += responseMs;
    this.totalMs += totalMs;
    if (queueMs > this.highestQueueMs) this.highestQueueMs = queueMs;
    if (connectMs > this.highestConnectMs) this.highestConnectMs = connectMs;
    if (responseMs > this.highestResponseMs) this.highestResponseMs = responseMs;
    if (totalMs > this.highestTotalMs) this.highestTotalMs = totalMs;
    if (this.timed - this.next.timed >= AVERAGED) this.moveAverages();
  }

  /** What counts for averages begins later. */
  moveAverages(): void {
    const { timed, queueMs, connectMs, responseMs, totalMs } = this;
    this.begin = this.next;
    this.next = { timed, queueMs, connectMs, responseMs, totalMs };
  }

  times(): StatsTimes {
    const { begin } = this;
    const count = Math.max(1, this.timed - begin.timed);
    const average = (of: keyof TimeSums): number => Math.round((this[of] - begin[of]) / count);
    return {
      queueMs: average("queueMs"),
      connectMs: average("connectMs"),
      responseMs: average("responseMs"),
      totalMs: average("totalMs"),
      highestQueueMs: Math.round(this.highestQueueMs),
      highestConnectMs: Math.round(this.highestConnectMs),
      highestResponseMs: Math.round(this.highestResponseMs),
      highestTotalMs: Math.round(this.highestTotalMs),
    };
  }

  /** `clear counters all`: everything begins anew, with what is there now as the highest. */
  clear(active: number): void {
    for (const [name, value] of Object.entries(this)) {
      if (typeof value === "number" && !/^(last|changed)/.test(name)) Reflect.set(this, name, 0);
      else if (value instanceof Rate) value.highest = 0;
    }
    this.byClass.fill(0);
    this.highestActive = active;
    [this.begin, this.next] = [NO_TIMES, NO_TIMES];
  }

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
  /** Answered by rules or the status page. */
  intercepted = 0;
  retries = 0;
  redispatches = 0;
  highestQueue = 0;
  downCount = 0;
  /** Without a server, until the last time that one came back. */
  downMs = 0;
  changedMs = nowMs();
  readonly requestRate = new Rate();
  readonly connectionRate = new Rate();
}

export class ServerCounters extends CommonCounters {
  retries = 0;
  redispatches = 0;
  highestQueue = 0;
  failedChecks = 0;
  downCount = 0;
  downMs = 0;
  failedObservations = 0;
}
