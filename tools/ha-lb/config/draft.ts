import type { Position } from "../../../shared/text/position.ts";
import type { Acl } from "../model/condition.ts";
import type { CheckStep } from "../model/health-check.ts";
import type { Proxy, StatsPage, TcpRules, Timeouts } from "../model/proxy.ts";
import type { Server } from "../model/server.ts";

/** The same shape, writable one level deep. */
type Mutable<T> = {
  -readonly [Key in keyof T]: T[Key] extends ReadonlySet<infer Item>
    ? Set<Item>
    : T[Key] extends ReadonlyMap<infer From, infer To>
      ? Map<From, To>
      : T[Key] extends readonly (infer Item)[]
        ? Item[]
        : T[Key];
};

export type TimeoutsDraft = Mutable<Timeouts>;
export type StatsDraft = Mutable<Omit<StatsPage, "uri">> & { uri?: string };
export type ServerDraft = Mutable<Server>;

/** A proxy section while it is read; also what a `defaults` section holds. */
export interface ProxyDraft extends Mutable<Omit<Proxy, "kind" | "mode" | "tcpRules" | "timeouts" | "stats" | "acls">> {
  kind: "frontend" | "backend" | "listen" | "defaults";
  mode: "tcp" | "http";
  timeouts: TimeoutsDraft;
  stats: StatsDraft | undefined;
  acls: Map<string, Acl>;
  tcpRules: Mutable<TcpRules>;
  /** `default-server` settings, applied before a server's own. */
  defaultServer: ServerDraft | undefined;
  /** `http-check` and `tcp-check` rules, whichever check is chosen in the end. */
  checkSteps: CheckStep[];
  /** The steps came from `defaults`; the first own one replaces them. */
  checkStepsInherited: boolean;
  httpCheckRequest: { method: string; uri: string; version: string; host?: string } | undefined;
  externalCommand: string | undefined;
  externalPath: string | undefined;
  /** `log global`: the global targets are copied in at the end. */
  logGlobal: boolean;
  emailDraft: { mailers?: string; from?: string; to?: string; myHostname?: string; level?: string };
  /** Keywords seen, with where: for checks of sides and modes at the end. */
  seen: Map<string, Position>;
  hashBalanceFactor: number;
  lastRuleKeyword: string | undefined;
}

/** A section without any setting: what comes before `defaults`. */
export function emptyDraft(kind: ProxyDraft["kind"], name: string, at: Position): ProxyDraft {
  return {
    kind,
    name,
    at,
    id: 0,
    mode: "tcp",
    disabled: false,
    isFrontend: kind === "frontend" || kind === "listen",
    isBackend: kind === "backend" || kind === "listen",
    binds: [],
    useBackend: [],
    servers: [],
    useServer: [],
    persistRules: [],
    balance: { kind: "roundrobin" },
    hashType: { method: "map-based", function: "sdbm", avalanche: false, balanceFactor: 0 },
    retries: 3,
    retryOn: ["conn-failure"],
    redispatch: 0,
    healthCheck: { kind: "tcp" },
    checkDisableOn404: false,
    checkSendState: false,
    loadServerState: "none",
    timeouts: {},
    flags: new Set(),
    connectionMode: "keep-alive",
    reuse: "safe",
    acls: new Map(),
    tcpRules: { connection: [], session: [], content: [], response: [] },
    httpRequest: [],
    httpResponse: [],
    httpAfterResponse: [],
    redirects: [],
    monitorFail: [],
    stickRules: [],
    errorPages: [],
    stats: undefined,
    logTargets: [],
    logStyle: "default",
    captures: [],
    defaultServer: undefined,
    checkSteps: [],
    checkStepsInherited: false,
    httpCheckRequest: undefined,
    externalCommand: undefined,
    externalPath: undefined,
    logGlobal: false,
    emailDraft: {},
    seen: new Map(),
    hashBalanceFactor: 0,
    lastRuleKeyword: undefined,
  };
}

/** A new section that starts from the settings of `defaults`. */
export function draftFrom(defaults: ProxyDraft, kind: ProxyDraft["kind"], name: string, at: Position): ProxyDraft {
  const base = emptyDraft(kind, name, at);
  const { connection, session, content, response, ...delays } = defaults.tcpRules;
  return {
    ...defaults,
    kind,
    name,
    at,
    isFrontend: base.isFrontend,
    isBackend: base.isBackend,
    id: 0,
    binds: [],
    servers: [],
    timeouts: { ...defaults.timeouts },
    flags: new Set(defaults.flags),
    acls: new Map(defaults.acls),
    tcpRules: {
      ...delays,
      connection: [...connection],
      session: [...session],
      content: [...content],
      response: [...response],
    },
    httpRequest: [...defaults.httpRequest],
    httpResponse: [...defaults.httpResponse],
    httpAfterResponse: [...defaults.httpAfterResponse],
    useBackend: [...defaults.useBackend],
    useServer: [...defaults.useServer],
    persistRules: [...defaults.persistRules],
    retryOn: [...defaults.retryOn],
    redirects: [...defaults.redirects],
    monitorFail: [...defaults.monitorFail],
    stickRules: [...defaults.stickRules],
    errorPages: [...defaults.errorPages],
    stats:
      defaults.stats === undefined
        ? undefined
        : {
            ...defaults.stats,
            at,
            users: [...defaults.stats.users],
            scope: [...defaults.stats.scope],
            admin: [],
            httpRequest: [],
          },
    logTargets: [...defaults.logTargets],
    captures: [...defaults.captures],
    checkSteps: [...defaults.checkSteps],
    checkStepsInherited: true,
    emailDraft: { ...defaults.emailDraft },
    seen: new Map(),
    lastRuleKeyword: undefined,
  };
}
