import type { Configuration } from "../model/configuration.ts";
import type { HealthCheck, CheckStep } from "../model/health-check.ts";
import type { LogTarget } from "../model/log-target.ts";
import type { EmailAlert, Proxy, StatsPage } from "../model/proxy.ts";
import type { Server } from "../model/server.ts";
import { usedFiles } from "./used-files.ts";
import { checkProxies } from "./check-proxies.ts";
import { checkReferences } from "./check-references.ts";
import type { ProxyDraft } from "./draft.ts";
import { reportNotCarriedOut } from "./not-carried-out.ts";
import type { Reading } from "./sections.ts";

/** Turns what was read into the model and checks what only the whole can tell. */
export function finishConfiguration(reading: Reading): Configuration {
  const ids = assignIds(reading.drafts);
  const proxies = reading.drafts.map((draft, index) => finishProxy(draft, ids[index] ?? 0, reading));
  const { userLists, resolvers, peers, mailers, httpErrors, caches, rings, global } = reading;
  const configuration: Configuration = {
    global,
    proxies,
    userLists,
    resolvers,
    peers,
    mailers,
    httpErrors,
    caches,
    rings,
    files: usedFiles(reading, proxies),
  };
  checkReferences(configuration, reading.references, reading.report);
  checkProxies(configuration, reading);
  reportNotCarriedOut(configuration, reading.report);
  return configuration;
}

/** Ids count from 2 upwards past those that were given, as the reference numbers them. */
function assignIds(drafts: readonly { readonly id: number }[]): readonly number[] {
  const used = new Set(drafts.map((draft) => draft.id).filter((id) => id > 0));
  let next = 2;
  return drafts.map((draft) => {
    if (draft.id > 0) return draft.id;
    while (used.has(next)) next += 1;
    used.add(next);
    return next;
  });
}

function finishProxy(draft: ProxyDraft, id: number, reading: Reading): Proxy {
  const {
    defaultServer: _defaultServer,
    checkSteps: _checkSteps,
    checkStepsInherited: _inherited,
    httpCheckRequest: _request,
    externalCommand: _command,
    externalPath: _path,
    logGlobal: _logGlobal,

    emailDraft: _email,
    seen: _seen,
    hashBalanceFactor,
    lastRuleKeyword: _last,

    stats: _stats,
    kind,
    hashType,
    ...rest
  } = draft;
  const stats = finishStats(draft);
  const emailAlert = finishEmail(draft);
  return {
    ...rest,
    id,
    kind: kind === "defaults" ? "listen" : kind,
    hashType: { ...hashType, balanceFactor: hashBalanceFactor },
    servers: finishServers(draft, reading),
    healthCheck: finishCheck(draft),
    logTargets: finishLogs(draft, reading.global.logTargets),
    ...(draft.stickTable === undefined ? {} : { stickTable: { ...draft.stickTable, name: draft.name } }),
    ...(stats === undefined ? {} : { stats }),
    ...(emailAlert === undefined ? {} : { emailAlert }),
  };
}

function finishServers(draft: ProxyDraft, reading: Reading): readonly Server[] {
  const used = new Set(draft.servers.map((server) => server.id).filter((id) => id > 0));
  let next = 1;
  return draft.servers.map((server) => {
    let id = server.id;
    if (id === 0) {
      while (used.has(next)) next += 1;
      id = next;
      used.add(id);
    }
    const verify =
      server.tls === undefined || reading.global.serverVerify === "required"
        ? {}
        : { tls: { ...server.tls, verify: "none" as const } };
    return { ...server, id, ...verify };
  });
}

/** The request of `option httpchk` becomes the first step, unless rules say otherwise. */
function finishCheck(draft: ProxyDraft): HealthCheck {
  const { healthCheck, checkSteps, httpCheckRequest } = draft;
  switch (healthCheck.kind) {
    case "tcp-sequence":
      return { kind: "tcp-sequence", steps: checkSteps };
    case "http":
      return { kind: "http", steps: httpSteps(draft, checkSteps, httpCheckRequest) };
    case "external": {
      const { externalCommand: command, externalPath: path } = draft;
      return {
        kind: "external",
        ...(command === undefined ? {} : { command }),
        ...(path === undefined ? {} : { path }),
      };
    }
    case "tcp":
    case "ssl-hello":
    case "mysql":
    case "pgsql":
    case "redis":
    case "smtp":
    case "ldap":
    case "spop":
      return healthCheck;
  }
}

function httpSteps(
  draft: ProxyDraft,
  steps: readonly CheckStep[],
  request: ProxyDraft["httpCheckRequest"],
): readonly CheckStep[] {
  const base = request ?? { method: "OPTIONS", uri: "/", version: "1.0" };
  const host = base.host;
  const at = draft.at;
  const hostHeader =
    host === undefined
      ? []
      : [{ name: "Host", value: { parts: [{ kind: "text" as const, text: host }], text: host, at } }];
  const filled = steps.map((step): CheckStep => {
    if (step.kind !== "send-http") return step;
    const uri = step.uri === "" ? base.uri : step.uri;
    return {
      ...step,
      method: step.method || base.method,
      uri,
      version: step.version || base.version,
      headers: [...hostHeader, ...step.headers],
    };
  });
  if (filled.some((step) => step.kind === "send-http")) return filled;
  const send: CheckStep = {
    kind: "send-http",
    method: base.method,
    uri: base.uri,
    version: base.version,
    headers: hostHeader,
    at,
  };
  const firstExpect = filled.findIndex((step) => step.kind === "expect");
  const cut = firstExpect < 0 ? filled.length : firstExpect;
  return [...filled.slice(0, cut), send, ...filled.slice(cut)];
}

function finishLogs(draft: ProxyDraft, global: readonly LogTarget[]): readonly LogTarget[] {
  return draft.logGlobal ? [...global, ...draft.logTargets] : draft.logTargets;
}

const STATS_URI_DEFAULT = "/haproxy?stats";

function finishStats(draft: ProxyDraft): StatsPage | undefined {
  if (draft.stats === undefined) return undefined;
  return { ...draft.stats, uri: draft.stats.uri ?? STATS_URI_DEFAULT };
}

function finishEmail(draft: ProxyDraft): EmailAlert | undefined {
  const { mailers, from, to, myHostname, level } = draft.emailDraft;
  if (mailers === undefined || from === undefined || to === undefined) return undefined;
  return { mailers, from, to, level: level ?? "alert", ...(myHostname === undefined ? {} : { myHostname }) };
}
