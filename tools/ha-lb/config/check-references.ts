import { findBackend, findFrontend, type Configuration } from "../model/configuration.ts";
import { hintFor } from "./line.ts";
import type { Report } from "./report.ts";
import type { Reference } from "./scope.ts";

/** Every name that was used must have been declared. */
export function checkReferences(configuration: Configuration, references: readonly Reference[], report: Report): void {
  const reported = new Set<string>();
  for (const reference of references) {
    const key = `${reference.kind} ${reference.name} ${reference.at.file}:${reference.at.line}`;
    if (reported.has(key)) continue;
    if (!checkReference(configuration, reference, report)) reported.add(key);
  }
}

function checkReference(configuration: Configuration, reference: Reference, report: Report): boolean {
  switch (reference.kind) {
    case "backend":
    case "frontend":
      return checkProxy(configuration, reference, report);
    case "server":
      return checkServer(configuration, reference, report);
    case "table":
    case "tracked-table":
      return checkTable(configuration, reference, report);
    case "userlist":
      return checkSection(configuration.userLists, "userlist", reference, report);
    case "resolvers":
      return checkSection(configuration.resolvers, "resolvers section", reference, report);
    case "peers":
      return checkSection(configuration.peers, "peers section", reference, report);
    case "mailers":
      return checkSection(configuration.mailers, "mailers section", reference, report);
    case "http-errors":
      return checkSection(configuration.httpErrors, "http-errors section", reference, report);
    case "cache":
      return checkSection(configuration.caches, "cache", reference, report);
    case "file":
      return true;
    case "ring":
      return checkSection(configuration.rings, "ring", reference, report);
  }
}

function checkSection(
  known: ReadonlyMap<string, unknown>,
  kind: string,
  reference: Reference,
  report: Report,
): boolean {
  if (known.has(reference.name)) return true;
  const { keyword, name, at } = reference;
  report.add("LB_NO_SUCH_SECTION", { keyword, kind, name, hint: hintFor(name, known.keys()) }, at);
  return false;
}

function checkProxy(configuration: Configuration, reference: Reference, report: Report): boolean {
  const { kind, name, keyword, at } = reference;
  const found = kind === "backend" ? findBackend(configuration, name) : findFrontend(configuration, name);
  if (found !== undefined) return checkMode(configuration, reference, report);
  const names = configuration.proxies
    .filter((proxy) => (kind === "backend" ? proxy.isBackend : proxy.isFrontend))
    .map((proxy) => proxy.name);
  report.add(
    "LB_NO_SUCH_BACKEND",
    { keyword: keyword.split(" ")[0] === keyword ? keyword : kind, name, hint: hintFor(name, names) },
    at,
  );
  return false;
}

/** A frontend in mode http can't send to a backend in mode tcp. */
function checkMode(configuration: Configuration, reference: Reference, report: Report): boolean {
  if (reference.keyword !== "use_backend" && reference.keyword !== "default_backend") return true;
  const from = findFrontend(configuration, reference.from);
  const to = findBackend(configuration, reference.name);
  if (from === undefined || to === undefined || from.mode === to.mode || from.mode === "tcp") return true;
  const { keyword, at } = reference;
  report.add(
    "LB_WRONG_MODE",
    {
      kind: "backend",
      name: to.name,
      mode: to.mode,
      keyword: `${keyword} of frontend '${from.name}'`,
      wanted: from.mode,
    },
    at,
  );
  return false;
}

function checkServer(configuration: Configuration, reference: Reference, report: Report): boolean {
  const slash = reference.name.indexOf("/");
  const proxyName = slash < 0 ? reference.from : reference.name.slice(0, slash);
  const name = reference.name.slice(slash + 1);
  const proxy = findBackend(configuration, proxyName);
  const servers = proxy?.servers.map((server) => server.name) ?? [];
  if (servers.includes(name)) return true;
  report.add("LB_NO_SUCH_SERVER", { name, proxy: proxyName, hint: hintFor(name, servers) }, reference.at);
  return false;
}

function checkTable(configuration: Configuration, reference: Reference, report: Report): boolean {
  const { name, keyword, at, from } = reference;
  const tables = configuration.proxies.filter((proxy) => proxy.stickTable !== undefined).map((proxy) => proxy.name);
  for (const peers of configuration.peers.values()) tables.push(...peers.tables.map((table) => table.name));
  if (tables.includes(name)) return true;
  const exists = configuration.proxies.some((proxy) => proxy.name === name);
  // Rules in a defaults section name no proxy of their own.
  if (name === "" || (exists && name === from && !configuration.proxies.some((proxy) => proxy.name === from)))
    return true;
  if (exists) report.add("LB_NO_STICK_TABLE", { name, keyword }, at);
  else report.add("LB_NO_SUCH_SECTION", { keyword, kind: "stick-table", name, hint: hintFor(name, tables) }, at);
  return false;
}
