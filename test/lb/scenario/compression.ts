import type { Scenario } from "./run.ts";
import { closing, get, ONE, sends } from "./words.ts";

const compressed = (name: string, lines: string, ...clients: Scenario["clients"]): Scenario => ({
  name,
  section: `${lines}\n${ONE}`,
  clients,
  inTurn: true,
});
const accepts = (path: string, ...codings: readonly string[]) =>
  sends(closing(path, ...codings.map((coding) => `Accept-Encoding: ${coding}`)));
const named = (agent: string) => sends(closing("/text", "Accept-Encoding: gzip", `User-Agent: ${agent}`));

const OLD = "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)";
const SP2 = "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1)";
const SEVEN = "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 5.1)";

export const COMPRESSION: readonly Scenario[] = [
  compressed(
    "what clients accept",
    " compression algo gzip deflate",
    ...[
      "gzip",
      "deflate",
      "gzip;q=0",
      "gzip;q=0.2, deflate;q=0.8",
      "deflate;q=0.5, gzip",
      "br",
      "*",
      "*;q=0",
      "GZIP",
    ].map((coding) => accepts("/text", coding)),
    accepts("/text", "br", "gzip"),
    accepts("/text"),
  ),
  compressed(
    "what is never compressed",
    " compression algo gzip",
    ...["/missing", "/fault", "/no-content", "/not-modified", "/until-close", "/encoded", "/no-transform"].map((path) =>
      accepts(path, "gzip"),
    ),
    ...["/multipart", "/bad-tag", "/two-tags", "/empty"].map((path) => accepts(path, "gzip")),
    sends("HEAD /text HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n"),
    sends("GET /text HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n"),
  ),
  compressed(
    "tags, chunks and kept connections",
    " compression algo gzip",
    accepts("/strong-tag", "gzip"),
    accepts("/weak-tag", "gzip"),
    accepts("/chunked", "gzip"),
    sends(get("/text", "Accept-Encoding: gzip") + get("/chunked") + closing("/text", "Accept-Encoding: gzip")),
  ),
  compressed(
    "types",
    " compression algo gzip\n compression type text/plain text/html",
    ...["/text", "/image", "/", "/charset"].map((path) => accepts(path, "gzip")),
  ),
  compressed("old browsers", " compression algo gzip", ...["Mozilla/4.0", OLD, SP2, SEVEN, "Mozilla/5.0"].map(named)),
  compressed("offload", " compression algo gzip\n compression offload", accepts("/", "gzip"), accepts("/", "br")),
  compressed("raw-deflate", " compression algo raw-deflate", accepts("/text", "deflate")),
  compressed("identity", " compression algo identity", accepts("/text", "gzip"), accepts("/text")),
  {
    name: "frontend and backend",
    section: " compression type text/plain\n default_backend NAME-b",
    more: "backend NAME-b\n compression algo gzip\n compression type image/png\n server s1 S1",
    clients: ["/text", "/image"].map((path) => accepts(path, "gzip")),
    inTurn: true,
  },
];
