import type { FileUse } from "../model/configuration.ts";
import type { Proxy } from "../model/proxy.ts";
import type { Bind } from "../model/bind.ts";
import type { Server } from "../model/server.ts";
import type { Reading } from "./sections.ts";

/** Every file that loading will read: pages, patterns, maps, certificates. `@system-ca` is no file. */
export function usedFiles(reading: Reading, proxies: readonly Proxy[]): readonly FileUse[] {
  const files: FileUse[] = reading.references
    .filter((reference) => reference.kind === "file")
    .map(({ name, keyword, at }) => ({ path: name, keyword, at }));
  const { caBase, crtBase } = reading.global;
  for (const proxy of proxies) {
    for (const bind of proxy.binds) files.push(...bindFiles(bind, caBase, crtBase));
    for (const server of proxy.servers) files.push(...serverFiles(server, caBase, crtBase));
  }
  for (const section of reading.httpErrors.values()) {
    for (const path of section.files.values()) files.push({ path, keyword: "errorfile", at: section.at });
  }
  return files;
}

/** `ca-base` and `crt-base` go before relative paths. */
export function underBase(base: string | undefined, path: string): string {
  return base === undefined || path.startsWith("/") || path.startsWith("@") ? path : `${base}/${path}`;
}

function bindFiles(bind: Bind, caBase: string | undefined, crtBase: string | undefined): readonly FileUse[] {
  const { tls, at } = bind;
  if (tls === undefined) return [];
  return [
    ...tls.certificates.map((path) => ({ path: underBase(crtBase, path), keyword: "crt", at })),
    ...tls.certificateLists.map((path) => ({ path: underBase(crtBase, path), keyword: "crt-list", at })),
    ...optional(caBase, tls.caFile, "ca-file", bind),
    ...optional(caBase, tls.caVerifyFile, "ca-verify-file", bind),
    ...optional(caBase, tls.crlFile, "crl-file", bind),
  ];
}

function serverFiles(server: Server, caBase: string | undefined, crtBase: string | undefined): readonly FileUse[] {
  const tls = server.tls ?? server.spareTls;
  if (tls === undefined) return [];
  return [
    ...optional(crtBase, tls.certificate, "crt", server),
    ...optional(caBase, tls.caFile, "ca-file", server),
    ...optional(caBase, tls.crlFile, "crl-file", server),
  ];
}

function optional(
  base: string | undefined,
  path: string | undefined,
  keyword: string,
  from: { readonly at: FileUse["at"] },
): readonly FileUse[] {
  if (path === undefined || path.startsWith("@")) return [];
  return [{ path: underBase(base, path), keyword, at: from.at }];
}
