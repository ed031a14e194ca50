import type { Script } from "./client.ts";
import type { Scenario } from "./run.ts";
import { visits, withOne } from "./words.ts";

const head = (length: string, path = "/p", ...more: readonly string[]): string =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${more.map((line) => `${line}\r\n`).join("")}${length}\r\n\r\n`;
const post = (body: string): Script => ({ steps: [{ send: head(`Content-Length: ${body.length}`) + body }] });
/** Between parts: mostly they arrive one by one, and what is compared is the same where they don't. */
const PAUSE_MS = 60;
/** A body in parts, with a pause before each. */
const slow = (parts: readonly string[]): Script => ({
  steps: [
    { send: head(`Content-Length: ${parts.join("").length}`) },
    ...parts.flatMap((send) => [{ waitMs: PAUSE_MS }, { send }]),
  ],
});
/** One chunk: HAProxy makes one of several. */
const chunked = (part: string): Script => ({
  steps: [
    { send: head("Transfer-Encoding: chunked") },
    { waitMs: PAUSE_MS },
    { send: `${part.length.toString(16)}\r\n${part.slice(0, 2)}` },
    { waitMs: PAUSE_MS },
    { send: `${part.slice(2)}\r\n0\r\n\r\n` },
  ],
});
const never: Script = { steps: [{ send: `${head("Content-Length: 10")}abc` }] };
const FACTS =
  " http-request set-header X-Body %[req.body]\n http-request set-header X-Len %[req.body_len]\n http-request set-header X-Size %[req.body_size]\n http-request set-header X-Param %[req.body_param(b)]";

const ANSWER_FACTS =
  ' http-response set-header X-Body %[res.body]\n http-response set-header X-Sizes "%[res.body_len] %[res.body_size]"';
const WAITS_FOR_ANSWER = " http-response wait-for-body time 20s";
const COUNTS = ` http-response set-var(txn.n) int(0)\n${WAITS_FOR_ANSWER}\n http-response set-var(txn.n) var(txn.n),add(1)\n http-response set-header X-Count %[var(txn.n)]\n`;

/** Answers whose bodies rules wait for. */
const ANSWERS: readonly Scenario[] = [
  withOne(
    "wait for the body of an answer",
    `${COUNTS}${ANSWER_FACTS}`,
    ...visits("/secret", "/empty", "/no-content", "/until-close", "/early", "/cut", "/cut-chunks", "/bad-chunk"),
    { steps: [{ send: "HEAD /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" }] },
  ),
  withOne("an answer that never ends", " http-response wait-for-body time 300ms", ...visits("/half")),
  withOne("a server that is silent before that", `${WAITS_FOR_ANSWER}\n timeout server 2s`, ...visits("/half")),
  withOne(
    "some of an answer is enough",
    `${WAITS_FOR_ANSWER} at-least 4\n http-response deny if { res.body -m beg only }`,
    ...visits("/half", "/secret"),
  ),
  withOne(
    "an answer in chunks is looked into",
    `${WAITS_FOR_ANSWER}\n http-response deny if { res.body -m sub cdef }`,
    ...visits("/chunked", "/secret"),
  ),
  withOne(
    "another answer instead",
    `${WAITS_FOR_ANSWER}\n http-response return status 418 content-type text/plain string no if { res.body_len eq 7 }`,
    ...visits("/chunked", "/secret"),
  ),
  withOne(
    "a large answer fills the buffer",
    `${WAITS_FOR_ANSWER}\n http-response return status 200 hdr X-Seen large if { res.body_len gt 10000 }`,
    ...visits("/huge"),
  ),
  {
    name: "rules of both sections wait for an answer",
    section: `${WAITS_FOR_ANSWER}\n http-response set-header X-Front %[res.body_len]\n default_backend NAME-b`,
    more: "backend NAME-b\n http-response wait-for-body time 300ms at-least 2\n http-response set-header X-Back %[res.body_len]\n server s1 S1",
    clients: visits("/secret", "/empty", "/cut"),
    inTurn: true,
  },
];

export const BODIES: readonly Scenario[] = [
  ...ANSWERS,
  withOne(
    "wait for a body",
    ` http-request set-var(txn.n) int(0)\n http-request wait-for-body time 5s\n http-request set-var(txn.n) var(txn.n),add(1)\n${FACTS}\n http-request set-header X-Count %[var(txn.n)]`,
    post("a=1&b=2"),
    slow(["a=1&", "b=2"]),
    chunked("a=1&b=two"),
    ...visits("/none"),
  ),
  withOne("a body that never comes", " http-request wait-for-body time 500ms", never),
  withOne(
    "wait for some of a body",
    ` http-request wait-for-body time 5s at-least 4\n http-request deny if { req.body -m beg evil }\n http-request set-header X-Passed yes`,
    slow(["evil", "more"]),
    slow(["good", "more"]),
    slow(["ev", "il", "x"]),
  ),
  withOne(
    "wait only where it is asked for",
    " http-request wait-for-body time 500ms if { path /q }\n http-request set-header X-Len %[req.body_len]",
    post("abc"),
    { steps: [{ send: head("Content-Length: 4", "/late") }, { when: "began /late" }, { send: "late" }] },
  ),
  withOne(
    "bodies are buffered",
    ` option http-buffer-request\n${FACTS}`,
    post("b=1"),
    slow(["a=1&", "b=2"]),
    chunked("b=3"),
  ),
  withOne("a buffered body that never comes", " option http-buffer-request\n timeout http-request 2s", never),
  withOne("a client that is silent before that", " option http-buffer-request\n timeout client 500ms", never),
  withOne(
    "a client that is silent before a rule's time",
    " http-request wait-for-body time 20s\n timeout client 500ms",
    never,
  ),
  withOne(
    "a client that waits to be asked",
    " http-request wait-for-body time 5s\n http-request set-header X-Body %[req.body]",
    {
      steps: [{ send: head("Content-Length: 4", "/p", "Expect: 100-continue") }, { until: " 100 " }, { send: "body" }],
    },
  ),
  withOne(
    "a large body",
    " http-request wait-for-body time 5s\n http-request set-header X-Passed yes if { req.body_len gt 10000 }",
    post("x".repeat(40_000)),
  ),
  {
    name: "a backend that buffers",
    section: " default_backend NAME-b",
    more: `backend NAME-b\n option http-buffer-request\n${FACTS}\n server s1 S1`,
    clients: [slow(["a=1&", "b=2"]), post("b=9")],
    inTurn: true,
  },
  {
    name: "rules of both sections wait",
    section: " http-request wait-for-body time 5s at-least 2\n default_backend NAME-b",
    more: `backend NAME-b\n http-request wait-for-body time 2s\n${FACTS}\n server s1 S1`,
    clients: [slow(["a=1&", "b=2"]), never],
    inTurn: true,
  },
  withOne(
    "early hints",
    " http-request early-hint Link </style.css>;rel=preload if { path /h }\n http-request early-hint Link </script.js>;rel=preload if { path /h }",
    ...visits("/h", "/none"),
    { steps: [{ send: "GET /h HTTP/1.0\r\n\r\n" }] },
  ),
];
