import type { Scenario } from "./run.ts";
import { closing, get, sends } from "./words.ts";

const message = (name: string, text: string, more: Partial<Scenario> = {}): Scenario => ({
  name,
  section: " server s1 S1",
  clients: [sends(text)],
  ...more,
});
const host = "Host: example.org\r\nConnection: close\r\n";
const chunks = (body: string, ...lines: readonly string[]): string =>
  `POST /p HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n${body}`;

export const MESSAGES: readonly Scenario[] = [
  message("HEAD", `HEAD /a HTTP/1.1\r\n${host}\r\n`),
  message("OPTIONS *", `OPTIONS * HTTP/1.1\r\n${host}\r\n`),
  message("an absolute target", `GET http://example.org/a?b HTTP/1.1\r\n${host}\r\n`),
  message("an absolute target of another host", `GET http://other.org/a HTTP/1.1\r\n${host}\r\n`),
  message("a method that nobody knows", `FROB /a HTTP/1.1\r\n${host}\r\n`),
  message("a method in small letters", `get /a HTTP/1.1\r\n${host}\r\n`),
  message("HTTP/1.0 that stays", "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", {
    section: " timeout http-keep-alive 500ms\n server s1 S1",
  }),
  message("HTTP/0.9", "GET /a\r\n\r\n"),
  message("chunks", chunks("3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n"), {
    onlyStatus: "the peer makes chunks of its own",
  }),
  message("chunks with a length", chunks("3\r\nabc\r\n0\r\n\r\n", "Content-Length: 3"), {
    ours: { statuses: ["400"], why: "who sends both may be smuggling" },
  }),
  message("a chunk that isn't one", chunks("zz\r\nabc\r\n0\r\n\r\n")),
  message("Transfer-Encoding twice", chunks("0\r\n\r\n", "Transfer-Encoding: chunked"), {
    ours: { statuses: ["501"], why: "chunked twice is a coding that nobody knows" },
  }),
  message("another coding", `POST /p HTTP/1.1\r\n${host}Transfer-Encoding: gzip\r\n\r\nabc`, {
    ours: { statuses: ["501"], why: "RFC 9112 section 6.1" },
  }),
  message("a length that isn't a number", `POST /p HTTP/1.1\r\n${host}Content-Length: 1x\r\n\r\na`),
  message("a negative length", `POST /p HTTP/1.1\r\n${host}Content-Length: -1\r\n\r\na`),
  message("a zero byte in a header", `GET / HTTP/1.1\r\n${host}X: a\0b\r\n\r\n`, {
    ours: { statuses: ["400"], why: "RFC 9110 section 5.5" },
  }),
  message("a control character in the target", `GET /a\x01b HTTP/1.1\r\n${host}\r\n`),
  message("a header without a colon", `GET / HTTP/1.1\r\n${host}Oops\r\n\r\n`),
  message(
    "100-continue",
    "POST /p HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
  ),
  message("an answer of HTTP/1.0", closing("/ten"), { onlyStatus: "the peer leaves 'Connection: close' out" }),
  message("an answer of chunks", closing("/chunked"), { onlyStatus: "the peer makes chunks of its own" }),
  message("an answer of chunks for HTTP/1.0", "GET /chunked HTTP/1.0\r\n\r\n", {
    ours: { statuses: ["200"], why: "HTTP/1.0 has no chunks: the body goes out without them" },
  }),
  message("204", closing("/no-content")),
  message("304", closing("/not-modified")),
  message("early hints", closing("/early"), { raw: true, onlyStatus: "order of headers" }),
  message("junk for an answer", closing("/junk")),
  message("a header name with a blank in an answer", closing("/bad-name")),
  message("two lengths in an answer", closing("/two-lengths")),
  message("an answer with a very large head", closing("/large-head")),
  message("three requests at once", get("/1") + get("/2") + closing("/3"), { raw: true, onlyStatus: "three heads" }),
  message("a request with very many headers", `GET / HTTP/1.1\r\n${host}${"X: 1\r\n".repeat(150)}\r\n`, {
    ours: { statuses: ["431"], why: "RFC 6585 section 5" },
  }),
  message("Connection names a header", closing("/", "X-Hop: 1", "Connection: x-hop")),
  message("hop-by-hop headers", closing("/", "Keep-Alive: 1", "TE: trailers", "Proxy-Connection: close"), {
    ours: { statuses: ["200"], why: "Keep-Alive and Proxy-Connection are for this connection only" },
  }),
  message("empty lines first", `\r\n\r\nGET /a HTTP/1.1\r\n${host}\r\n`),
  message("no host", "GET /a HTTP/1.1\r\nConnection: close\r\n\r\n", {
    ours: { statuses: ["400"], why: "RFC 9112 section 3.2" },
  }),
  message("two hosts", `GET /a HTTP/1.1\r\n${host}Host: b\r\n\r\n`, { onlyStatus: "its page has words of its own" }),
];
