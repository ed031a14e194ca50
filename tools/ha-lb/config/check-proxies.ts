import type { Configuration } from "../model/configuration.ts";
import { httpVariable } from "./log-format.ts";
import { checkOffload } from "./check-offload.ts";
import type { ProxyDraft } from "./draft.ts";
import type { Report } from "./report.ts";
import type { Reading } from "./sections.ts";

/** Checks and warnings that concern a proxy as a whole. */
export function checkProxies(configuration: Configuration, reading: Reading): void {
  const { report } = reading;
  for (const draft of reading.drafts) {
    if (draft.disabled) continue;
    checkSides(draft, report);
    checkTimeouts(draft, report);
    checkModes(draft, report);
    checkTracks(configuration, draft, report);
    checkServers(draft, reading);
    checkCaptures(draft, report);
    checkExternal(draft, reading);
    checkOffload(configuration, draft, report);
  }
  checkSharedDefaults(reading);
  const listening = reading.drafts.some((draft) => draft.isFrontend && !draft.disabled && draft.binds.length > 0);
  if (!listening) report.add("LB_NOTHING_TO_DO", {});
}

function checkSides(draft: ProxyDraft, report: Report): void {
  if (draft.kind === "frontend" && draft.binds.length === 0) report.add("LB_NO_BIND", { name: draft.name }, draft.at);
  if (draft.kind === "listen" && draft.binds.length === 0 && !draft.seen.has("bind"))
    report.add("LB_NO_BIND", { name: draft.name }, draft.at);
}

/** Those that, missing, let dead connections pile up. */
function checkTimeouts(draft: ProxyDraft, report: Report): void {
  const { client, connect, server } = draft.timeouts;
  const hasServers = draft.servers.length > 0;
  const missing = [
    ...(draft.isFrontend && client === undefined ? ["client"] : []),
    ...(draft.isBackend && hasServers && connect === undefined ? ["connect"] : []),
    ...(draft.isBackend && hasServers && server === undefined ? ["server"] : []),
  ];
  if (missing.length === 0) return;
  report.add(
    "LB_TIMEOUT_MISSING",
    { kind: draft.kind, name: draft.name, missing: missing.map((name) => `timeout ${name}`) },
    draft.at,
  );
}

function checkModes(draft: ProxyDraft, report: Report): void {
  if (draft.mode === "http") return;
  const { kind, name } = draft;
  const ignored = (keyword: string) => {
    const at = draft.seen.get(keyword);
    if (at !== undefined) report.add("LB_WRONG_MODE_IGNORED", { keyword, kind, name, wanted: "http" }, at);
  };
  for (const keyword of [
    "http-request",
    "http-response",
    "http-after-response",
    "redirect",
    "cookie",
    "monitor-uri",
    "stats",
    "compression",
    "capture",
  ])
    ignored(keyword);
  const variable = draft.logFormat === undefined ? undefined : httpVariable(draft.logFormat);
  if (variable !== undefined && draft.isFrontend && draft.logFormat !== undefined) {
    report.add(
      "LB_BAD_LOG_FORMAT",
      { text: draft.logFormat.text, problem: `'%${variable}' needs mode http`, hint: "" },
      draft.logFormat.at,
    );
  }
}

/** `track OTHER/SERVER` must lead to a server that is checked, without a circle. */
function checkTracks(configuration: Configuration, draft: ProxyDraft, report: Report): void {
  for (const server of draft.servers) {
    if (server.track === undefined) continue;
    const proxyName = server.track.proxy ?? draft.name;
    const proxy = configuration.proxies.find((candidate) => candidate.isBackend && candidate.name === proxyName);
    const target = proxy?.servers.find((candidate) => candidate.name === server.track?.server);
    const text = `track ${proxyName}/${server.track.server}`;
    if (target === undefined) {
      report.add("LB_NO_SUCH_SERVER", { name: server.track.server, proxy: proxyName, hint: "" }, server.at);
    } else if (server.check.enabled || server.agent.enabled) {
      report.add(
        "LB_BAD_COMBINATION",
        { keyword: text, problem: "a server that tracks another can't be checked itself" },
        server.at,
      );
    } else if (!target.check.enabled && !target.agent.enabled && target.track === undefined) {
      report.add("LB_BAD_COMBINATION", { keyword: text, problem: "that server isn't checked" }, server.at);
    } else if (target === server || (target.track !== undefined && target.track.server === server.name)) {
      report.add("LB_BAD_COMBINATION", { keyword: text, problem: "servers track each other in a circle" }, server.at);
    }
  }
}

const isAnyAddress = (host: string): boolean => host === "0.0.0.0" || host === "::";

/** A server's `proto` of HTTP in mode tcp, or of plain bytes in mode http. */
function isForOtherMode(mode: string, protocol: string | undefined): boolean {
  return mode === "tcp" ? protocol === "h1" || protocol === "h2" : mode === "http" && protocol === "none";
}

function checkServers(draft: ProxyDraft, reading: Reading): void {
  const { report, global } = reading;
  for (const [index, server] of draft.servers.entries()) {
    // Servers of one template are alike.
    if (server.at === draft.servers[index - 1]?.at) continue;
    const name = `${draft.name}/${server.name}`;
    const { check, agent, address, portRule, tls } = server;
    // An address of any is one that is not known yet.
    const byName = (address.kind === "ip" && !isAnyAddress(address.host)) || address.kind === "name";
    if (
      check.enabled &&
      server.track === undefined &&
      byName &&
      portRule.kind !== "fixed" &&
      check.port === undefined &&
      draft.checkSteps.length === 0
    ) {
      report.add("LB_NO_CHECK_PORT", { name }, server.at);
    }
    if (tls?.verify === "required" && tls.caFile === undefined && global.serverVerify === "required")
      report.add("LB_NO_CA_FILE", { name }, server.at);
    if (isForOtherMode(draft.mode, server.protocol)) {
      const problem = `MUX protocol is not usable for server '${server.name}' in mode ${draft.mode}`;
      report.add("LB_BAD_COMBINATION", { keyword: `proto ${server.protocol}`, problem }, server.at);
    }
    if (agent.enabled && agent.port === 0) report.add("LB_NO_AGENT_PORT", { name }, server.at);
  }
}

/** `capture … id N` needs a slot that a `declare capture` or another capture made. */
function checkCaptures(draft: ProxyDraft, report: Report): void {
  const count = (side: "request" | "response") => draft.captures.filter((capture) => capture.side === side).length;
  const sides = [
    ["request", [...draft.httpRequest, ...draft.tcpRules.content]],
    ["response", [...draft.httpResponse, ...draft.httpAfterResponse]],
  ] as const;
  for (const [side, rules] of sides) {
    for (const { action, at } of rules) {
      const missing = action.kind === "capture" && action.length === 0 && action.slot >= count(side);
      if (missing && draft.isFrontend) report.add("LB_NO_CAPTURE", { id: action.slot }, at);
    }
  }
}

function checkExternal(draft: ProxyDraft, reading: Reading): void {
  const { report, global } = reading;
  const fault = (problem: string) => report.add("LB_EXTERNAL_CHECK", { name: draft.name, problem }, draft.at);
  const { externalCommand, externalPath } = draft;
  if (externalCommand !== undefined && !externalCommand.startsWith("/") && externalPath === undefined) {
    fault(`'external-check command ${externalCommand}' is no absolute path, and there is no 'external-check path'`);
  }
  if (draft.healthCheck.kind !== "external" || !draft.isBackend) return;
  if (!global.externalCheck) fault("'external-check' is missing in 'global'");
  if (externalCommand === undefined) fault("'external-check command' is missing");
}

/** Rules of a named defaults section mean something else on each side. */
function checkSharedDefaults(reading: Reading): void {
  for (const [name, defaults] of reading.namedDefaults) {
    const { tcpRules, httpRequest, httpResponse, httpAfterResponse } = defaults;
    const rules = [
      ...httpRequest,
      ...httpResponse,
      ...httpAfterResponse,
      ...tcpRules.connection,
      ...tcpRules.session,
      ...tcpRules.content,
      ...tcpRules.response,
    ];
    const users = reading.drafts.filter((draft) => draft.defaultsName === name);
    const front = users.some((draft) => draft.kind === "frontend");
    const back = users.some((draft) => draft.kind === "backend");
    const early = tcpRules.connection.length + tcpRules.session.length > 0;
    if (rules.length > 0 && back && (front || early)) reading.report.add("LB_DEFAULTS_SHARED", { name }, defaults.at);
  }
}
