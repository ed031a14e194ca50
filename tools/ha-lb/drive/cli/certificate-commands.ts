/** Certificates changed at run time, management guide: `set ssl cert`, `commit ssl cert` and their companions. */
import { readFileSync } from "node:fs";
import type { BindTls } from "../../model/tls.ts";
import { certificateFacts, certificates, pemProblem } from "../certificates.ts";
import type { DataPlane } from "../plane.ts";
import { certificateFiles, listedFiles } from "../tls.ts";
import type { CliCommand } from "./command.ts";

function bindsOf(plane: DataPlane): readonly BindTls[] {
  return plane.configuration.proxies.flatMap(({ binds }) =>
    binds.flatMap(({ tls }) => (tls === undefined ? [] : [tls])),
  );
}

/** The certificate files that listeners use. */
function usedFiles(plane: DataPlane): ReadonlySet<string> {
  const paths = bindsOf(plane).flatMap((tls) => [...tls.certificates.flatMap(certificateFiles), ...listedFiles(tls)]);
  return new Set(paths);
}

function textOf(path: string): string | undefined {
  try {
    return certificates.text(path) ?? readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function show(plane: DataPlane, rest: readonly string[]): string {
  const used = usedFiles(plane);
  const [wanted] = rest;
  if (wanted === undefined) {
    const pending = certificates.transaction === undefined ? "" : `# transaction\n*${certificates.transaction.path}\n`;
    const all = [...new Set([...used, ...certificates.paths()])].toSorted();
    return `${pending}# filename\n${all.map((path) => `${path}\n`).join("")}`;
  }
  const pending = wanted.startsWith("*");
  const path = pending ? wanted.slice(1) : wanted;
  const isKnown = used.has(path) || certificates.has(path);
  const text = pending ? certificates.transaction?.pem : isKnown ? textOf(path) : undefined;
  if (!isKnown) return "Can't display the certificate: Not found or the certificate is a bundle!\n";
  const status = text === undefined ? "Empty" : used.has(path) ? "Used" : "Unused";
  const head = `Filename: ${wanted}\nStatus: ${status}\n`;
  if (text === undefined) return `${head}OCSP Response Key: \n`;
  const facts = certificateFacts(text);
  return `${head}Serial: ${facts.serial}\nnotBefore: ${facts.notBefore}\nnotAfter: ${facts.notAfter}\nSubject Alternative Name: ${facts.alternativeNames}\nAlgorithm: ${facts.algorithm}\nSHA1 FingerPrint: ${facts.fingerprint}\nSubject: ${facts.subject}\nIssuer: ${facts.issuer}\nOCSP Response Key: \n`;
}

function set(plane: DataPlane, rest: readonly string[], payload: string | undefined): string {
  const [path = ""] = rest;
  if (payload === undefined) return "'set ssl cert' expects a filename and a certificate as a payload\n";
  const failed = `Can't update ${path}!\n`;
  if (!usedFiles(plane).has(path) && !certificates.has(path))
    return `Can't replace a certificate which is not referenced by the configuration!\n${failed}`;
  const running = certificates.transaction;
  if (running !== undefined && running.path !== path)
    return `The ongoing transaction is about '${running.path}' but you are trying to set '${path}'\n${failed}`;
  const problem = pemProblem(payload, false);
  if (problem !== undefined)
    return `unable to load certificate from file '${path}'.\nCan't load the payload\n${failed}`;
  certificates.transaction = { path, pem: payload };
  return running === undefined
    ? `Transaction created for certificate ${path}!\n`
    : `Transaction updated for certificate ${path}!\n`;
}

function commit(plane: DataPlane, rest: readonly string[]): string {
  const [path = ""] = rest;
  const running = certificates.transaction;
  if (running === undefined) return `No ongoing transaction! !\nCan't commit ${path}!\n`;
  if (running.path !== path)
    return `The ongoing transaction is about '${running.path}' but you are trying to set '${path}'\nCan't commit ${path}!\n`;
  const problem = pemProblem(running.pem, true);
  if (problem !== undefined)
    return `The private key is missing or doesn't belong to it: ${problem}\nCan't commit ${path}!\n`;
  const before = certificates.has(path) ? (certificates.text(path) ?? "") : undefined;
  certificates.set(path, running.pem);
  try {
    if (usedFiles(plane).has(path)) plane.hooks.renewCertificates?.();
  } catch (error) {
    certificates.restore(path, before);
    return `${error instanceof Error ? error.message : String(error)}\nCan't commit ${path}!\n`;
  }
  certificates.transaction = undefined;
  return `Committing ${path}.\nSuccess!\n`;
}

function abort(_plane: DataPlane, rest: readonly string[]): string {
  const [path = ""] = rest;
  if (certificates.transaction === undefined) return "No ongoing transaction!\n";
  if (certificates.transaction.path !== path)
    return `The ongoing transaction is about '${certificates.transaction.path}' but you are trying to abort a transaction for '${path}'\n`;
  certificates.transaction = undefined;
  return `Transaction aborted for certificate '${path}'!\n`;
}

function create(plane: DataPlane, rest: readonly string[]): string {
  const [path = ""] = rest;
  if (path === "") return "'new ssl cert' expects a filename\n";
  const isNew = !usedFiles(plane).has(path) && certificates.create(path);
  return isNew ? `New empty certificate store '${path}'!\n` : `Certificate '${path}' already exists!\n`;
}

function remove(plane: DataPlane, rest: readonly string[]): string {
  const [path = ""] = rest;
  const failed = (why: string): string => `Can't remove the certificate: ${why}\n\n`;
  if (usedFiles(plane).has(path)) return failed(`certificate '${path}' in use, can't be deleted!`);
  if (!certificates.has(path)) return failed(`certificate '${path}' doesn't exist!`);
  certificates.delete(path);
  return `Certificate '${path}' deleted!\n`;
}

function showLists(plane: DataPlane, rest: readonly string[]): string {
  const lists = new Map<string, string[]>();
  for (const tls of bindsOf(plane)) {
    for (const path of tls.certificateLists) lists.set(path, []);
    const [only] = tls.certificateLists;
    for (const { certificate, filters } of certificates.listed(tls)) {
      if (only !== undefined) lists.get(only)?.push([certificate, ...filters].join(" "));
    }
  }
  const [wanted] = rest.filter((word) => word !== "-n");
  if (wanted === undefined) return [...lists.keys()].map((path) => `${path}\n`).join("");
  const lines = lists.get(wanted);
  return lines === undefined
    ? "didn't find the specified filename\n"
    : `# ${wanted}\n${lines.map((line) => `${line}\n`).join("")}`;
}

function showAuthorities(plane: DataPlane): string {
  const paths = new Set(bindsOf(plane).flatMap(({ caFile }) => (caFile === undefined ? [] : [caFile])));
  const count = (path: string): number => (textOf(path)?.match(/-----BEGIN CERTIFICATE-----/g) ?? []).length;
  return `# filename\n${[...paths]
    .toSorted()
    .map((path) => `${path} - ${count(path)} certificate(s)\n`)
    .join("")}`;
}

/** `add ssl crt-list LIST CERTIFICATE [NAMES]`, or a line as payload. Lists of the process change, files don't. */
function changeList(adds: boolean): CliCommand["run"] {
  return (plane, rest, payload) => {
    const [list = "", ...given] = rest;
    const words = payload === undefined ? given : payload.trim().split(/\s+/);
    const [certificate = "", ...filters] = words.filter((word) => !word.startsWith("["));
    const binds = bindsOf(plane).filter((tls) => tls.certificateLists.includes(list));
    const failed = (why: string): string => `Can't edit the crt-list: ${why}\n\n`;
    if (binds.length === 0) return failed(`crt-list '${list}' does not exist!`);
    if (adds && !usedFiles(plane).has(certificate) && !certificates.has(certificate))
      return failed(`certificate '${certificate}' does not exist!`);
    if (adds && textOf(certificate) === undefined) return failed(`certificate '${certificate}' is empty!`);
    const [tls] = binds;
    const entries = tls === undefined ? [] : certificates.listed(tls);
    const at = { file: "cli", line: 1, column: 1 };
    const changed = adds
      ? [...entries, { certificate, filters, options: {}, at }]
      : entries.filter((entry) => entry.certificate !== certificate.split(":")[0]);
    if (!adds && changed.length === entries.length)
      return failed(`certificate '${certificate}' can't be found in crt-list '${list}'!`);
    certificates.setList(list, changed);
    try {
      plane.hooks.renewCertificates?.();
    } catch (error) {
      certificates.setList(list, entries);
      return failed(error instanceof Error ? error.message : String(error));
    }
    return adds
      ? `Inserting certificate '${certificate}' in crt-list '${list}'.\nSuccess!\n`
      : `Entry '${certificate}' deleted in crtlist '${list}'!\n`;
  };
}

export const CERTIFICATE_COMMANDS: readonly CliCommand[] = [
  { words: "show ssl cert", usage: "show ssl cert [<certfile>]", level: "operator", run: show },
  { words: "show ssl crt-list", usage: "show ssl crt-list [-n] [<list>]", level: "operator", run: showLists },
  { words: "show ssl ca-file", usage: "show ssl ca-file", level: "operator", run: showAuthorities },
  { words: "set ssl cert", usage: "set ssl cert <certfile> <payload>", level: "admin", run: set },
  { words: "commit ssl cert", usage: "commit ssl cert <certfile>", level: "admin", run: commit },
  { words: "abort ssl cert", usage: "abort ssl cert <certfile>", level: "admin", run: abort },
  { words: "new ssl cert", usage: "new ssl cert <certfile>", level: "admin", run: create },
  { words: "del ssl cert", usage: "del ssl cert <certfile>", level: "admin", run: remove },
  { words: "add ssl crt-list", usage: "add ssl crt-list <list> <cert> [names]", level: "admin", run: changeList(true) },
  { words: "del ssl crt-list", usage: "del ssl crt-list <list> <cert>", level: "admin", run: changeList(false) },
];
