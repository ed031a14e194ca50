/** What a section with `dataplane nft` may have: the kernel only forwards connections, it reads nothing of them. */
import type { Configuration } from "../model/configuration.ts";
import type { Proxy } from "../model/proxy.ts";
import type { ProxyDraft } from "./draft.ts";
import type { Report } from "./report.ts";

const KEYWORD = "dataplane nft";
const ALGORITHMS: ReadonlySet<string> = new Set(["roundrobin", "static-rr", "source", "random"]);

export function checkOffload(configuration: Configuration, draft: ProxyDraft, report: Report): void {
  if (draft.dataPath !== "nft") return;
  const at = draft.seen.get("dataplane") ?? draft.at;
  const name = draft.defaultBackend ?? (draft.isBackend ? draft.name : undefined);
  const backend = configuration.proxies.find((proxy) => proxy.isBackend && proxy.name === name);
  const problems = [
    ...problemsOfFrontend(draft),
    ...(backend === undefined ? ["it needs a default backend"] : problemsOfBackend(backend)),
  ];
  for (const problem of problems) report.add("LB_BAD_COMBINATION", { keyword: KEYWORD, problem }, at);
}

function problemsOfFrontend(draft: ProxyDraft): readonly string[] {
  const { connection, session, content } = draft.tcpRules;
  const plain = draft.binds.every(
    ({ address, tls, acceptProxy }) => address.kind === "ip" && tls === undefined && !acceptProxy,
  );
  return [
    ...(draft.mode === "tcp" ? [] : ["it needs 'mode tcp'"]),
    ...(plain ? [] : ["the kernel can't do TLS, 'accept-proxy' or other sockets than those of addresses"]),
    ...(draft.useBackend.length === 0 ? [] : ["the kernel can't follow 'use_backend'"]),
    ...(connection.length + session.length + content.length === 0
      ? []
      : ["the kernel can't follow 'tcp-request' rules"]),
  ];
}

function problemsOfBackend(backend: Proxy): readonly string[] {
  const plain = backend.servers.every(
    ({ address, tls, sendProxy }) => address.kind === "ip" && tls === undefined && sendProxy === undefined,
  );
  const bounded = backend.servers.some(({ maxConnections }) => (maxConnections ?? 0) > 0);
  return [
    // Of one `listen` section it has been said.
    ...(backend.mode === "tcp" || backend.kind === "listen" ? [] : ["its backend needs 'mode tcp'"]),
    ...(ALGORITHMS.has(backend.balance.kind) ? [] : [`the kernel can't balance by '${backend.balance.kind}'`]),
    ...(plain ? [] : ["its servers need plain IP addresses, without TLS and 'send-proxy'"]),
    ...(bounded ? ["the kernel doesn't keep 'maxconn' of servers"] : []),
    ...(backend.stickRules.length === 0 ? [] : ["the kernel can't follow 'stick' rules"]),
  ];
}
