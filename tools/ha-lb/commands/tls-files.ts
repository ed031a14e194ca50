/** The TLS files of a configuration: paths below their bases, and the entries of certificate lists. */
import { readFileSync } from "node:fs";
import type { Reason } from "../../../shared/reason/catalogue.ts";
import { fail, ok, type Result } from "../../../shared/reason/result.ts";
import type { Position } from "../../../shared/text/position.ts";
import { parseCrtList } from "../config/crt-list.ts";
import { underBase } from "../config/used-files.ts";
import { OutgoingTls } from "../drive/outgoing-tls.ts";
import { CertificateChoice } from "../drive/certificate-choice.ts";
import { bindTlsContexts, certificateFiles } from "../drive/tls.ts";
import { revocationsOf } from "../drive/tls-verify.ts";
import type { Bind } from "../model/bind.ts";
import type { Configuration } from "../model/configuration.ts";
import type { Server } from "../model/server.ts";
import type { BindTls, CertificateListEntry, ServerTls } from "../model/tls.ts";
import { readOrTell } from "./unreadable-files.ts";

interface Bases {
  readonly ca: string | undefined;
  readonly crt: string | undefined;
}

type AuthorityFiles = Pick<BindTls, "caFile" | "caVerifyFile" | "crlFile">;

function authorityFiles(tls: AuthorityFiles, { ca }: Bases): AuthorityFiles {
  return {
    ...(tls.caVerifyFile === undefined ? {} : { caVerifyFile: underBase(ca, tls.caVerifyFile) }),
    ...(tls.caFile === undefined ? {} : { caFile: underBase(ca, tls.caFile) }),
    ...(tls.crlFile === undefined ? {} : { crlFile: underBase(ca, tls.crlFile) }),
  };
}

function readList(path: string, bases: Bases, bind: Bind, problems: Reason[]): readonly CertificateListEntry[] {
  const text = readOrTell(bind.at, problems, "crt-list", path, () => readFileSync(path, "latin1"));
  if (text === undefined) return [];
  const read = parseCrtList(path, text);
  if (!read.ok) {
    problems.push(...read.problems);
    return [];
  }
  return read.value.map((entry) => {
    const options = { ...entry.options, ...authorityFiles(entry.options, bases) };
    return { ...entry, options, certificate: underBase(bases.crt, entry.certificate) };
  });
}

function bindOf(bind: Bind, bases: Bases, problems: Reason[]): Bind {
  if (bind.tls === undefined) return bind;
  const lists = bind.tls.certificateLists.map((path) => underBase(bases.crt, path));
  const tls: BindTls = {
    ...bind.tls,
    ...authorityFiles(bind.tls, bases),
    certificates: bind.tls.certificates.map((path) => underBase(bases.crt, path)),
    certificateLists: lists,
    listed: lists.flatMap((path) => readList(path, bases, bind, problems)),
  };
  readOrTell(bind.at, problems, "crl-file", tls.crlFile, () => revocationsOf(tls));
  tellCertificates(bind.at, problems, tls);
  return { ...bind, tls };
}

/** Every certificate is read as the listener will: a configuration that is right can be served. */
function tellCertificates(at: Position, problems: Reason[], tls: BindTls): void {
  const before = problems.length;
  const alone = { ...tls, certificates: [], certificateLists: [], listed: [] };
  for (const path of tls.certificates.flatMap(certificateFiles))
    readOrTell(at, problems, "crt", path, () => bindTlsContexts({ ...alone, certificates: [path] }));
  for (const entry of tls.listed ?? [])
    readOrTell(entry.at, problems, "crt-list", entry.certificate, () => bindTlsContexts({ ...alone, listed: [entry] }));
  const [first = tls.certificateLists[0]] = tls.certificates;
  if (problems.length === before)
    readOrTell(at, problems, "crt", first, () => Array.from(new CertificateChoice(bindTlsContexts(tls)).named()));
}

function serverOf(server: Server, bases: Bases, problems: Reason[]): Server {
  const { spareTls, tls } = server;
  return {
    ...server,
    ...(tls === undefined ? {} : { tls: serverTlsOf(tls, server, bases, problems) }),
    ...(spareTls === undefined ? {} : { spareTls: serverTlsOf(spareTls, server, bases, problems) }),
  };
}

function serverTlsOf(tls: ServerTls, { at }: Server, bases: Bases, problems: Reason[]): ServerTls {
  const certificate = tls.certificate === undefined ? {} : { certificate: underBase(bases.crt, tls.certificate) };
  const found = { ...tls, ...authorityFiles(tls, bases), ...certificate };
  const [keyword, path] =
    found.crlFile === undefined
      ? found.certificate === undefined
        ? ["ca-file", found.caFile]
        : ["crt", found.certificate]
      : ["crl-file", found.crlFile];
  readOrTell(at, problems, keyword, path, () => new OutgoingTls(found));
  return found;
}

/** The same configuration with every TLS file where it lies. All problems at once. */
export function resolveTlsFiles(configuration: Configuration): Result<Configuration> {
  const problems: Reason[] = [];
  const bases: Bases = { ca: configuration.global.caBase, crt: configuration.global.crtBase };
  const proxies = configuration.proxies.map((proxy) => ({
    ...proxy,
    binds: proxy.binds.map((bind) => bindOf(bind, bases, problems)),
    servers: proxy.servers.map((server) => serverOf(server, bases, problems)),
  }));
  return problems.length > 0 ? fail(problems) : ok({ ...configuration, proxies });
}
