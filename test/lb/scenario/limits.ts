import type { Scenario } from "./run.ts";
import { closing, get, ONE, sends } from "./words.ts";

const post = (length: number, path = "/p"): string =>
  `POST ${path} HTTP/1.1\r\nHost: example.org\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n`;

/** A server with one short time limit, in which all that comes before it still fits; the others are far away. */
const limited = (limit: string): string => ` timeout ${limit} 2s\n${ONE}`;

export const LIMITS: readonly Scenario[] = [
  { name: "half a head: 408", section: limited("http-request"), clients: [sends("GET / HTTP/1.1\r\nHo")] },
  { name: "a client that says nothing", section: limited("http-request"), clients: [sends()] },
  {
    name: "a client that says nothing, with http-ignore-probes",
    section: ` option http-ignore-probes\n${limited("http-request")}`,
    clients: [sends()],
  },
  { name: "a client that comes and goes", section: ONE, clients: [{ steps: [{ do: "close" }] }] },
  {
    name: "a client that comes and goes, with dontlognull",
    section: ` option dontlognull\n${ONE}`,
    clients: [{ steps: [{ do: "close" }] }],
  },
  {
    name: "a client that goes in its head",
    section: ONE,
    clients: [{ steps: [{ send: "GET / HTTP/1.1\r\nHo" }, { waitMs: 100 }, { do: "close" }] }],
  },
  { name: "a server that is silent: 504", section: limited("server"), clients: [sends(closing("/silent"))] },
  { name: "half a head from the server: 504", section: limited("server"), clients: [sends(closing("/half-head"))] },
  { name: "half a body from the server, then silence", section: limited("server"), clients: [sends(closing("/half"))] },
  { name: "half a body from the server, then its end", section: ONE, clients: [sends(closing("/cut"))] },
  { name: "half the chunks from the server, then its end", section: ONE, clients: [sends(closing("/cut-chunks"))] },
  { name: "a chunk without sense from the server", section: ONE, clients: [sends(closing("/bad-chunk"))] },
  { name: "a server that hangs up: 502", section: ONE, clients: [sends(closing("/nothing"))] },
  { name: "an answer until the end of the connection", section: ONE, clients: [sends(closing("/until-close"))] },
  {
    name: "a client that goes during the body",
    section: ` timeout server 2s\n${ONE}`,
    clients: [{ steps: [{ send: closing("/half") }, { until: "only this" }, { do: "close" }] }],
  },
  {
    name: "a client that goes before the answer, with abortonclose",
    section: ` option abortonclose\n${ONE}`,
    clients: [{ steps: [{ send: closing("/silent?abort") }, { when: "asked /silent?abort" }, { do: "close" }] }],
  },
  {
    name: "a client that finishes before the answer, without abortonclose",
    section: ONE,
    clients: [
      {
        steps: [
          { send: closing("/held?finished") },
          { when: "asked /held?finished" },
          { do: "finish" },
          { waitMs: 100 },
          { tell: "finished" },
        ],
      },
    ],
  },
  {
    name: "a body that stops",
    ours: { statuses: ["408"], why: "the client's limit counts; the peer waits for the server's" },
    section: ` timeout client 2s\n timeout server 6s\n${ONE}`,
    clients: [{ steps: [{ send: post(10) }, { send: "abc" }] }],
  },
  {
    name: "a client that goes in its body",
    section: ONE,
    clients: [{ steps: [{ send: post(10, "/gone") }, { send: "abc" }, { when: "began /gone" }, { do: "close" }] }],
  },
  {
    name: "a client that doesn't read",
    section: limited("client"),
    clients: [{ steps: [{ do: "pause" }, { send: closing("/huge") }, { when: "gone /huge" }, { do: "close" }] }],
  },
  { name: "nobody listens: 503", section: " server s1 DEAD", clients: [sends(closing("/"))] },
  { name: "no server at all: 503", section: " server s1 S1 disabled", clients: [sends(closing("/"))] },
  {
    name: "a kept connection ends after its pause",
    section: limited("http-keep-alive"),
    clients: [sends(get("/a"))],
  },
  {
    name: "the second request of a kept connection stops",
    onlyStatus: "the page has words of its own",
    section: limited("http-request"),
    clients: [{ steps: [{ send: get("/a") }, { until: "GET /a" }, { send: "GET /b HTT" }] }],
  },
  {
    name: "a tarpit",
    section: ` timeout tarpit 200ms\n http-request tarpit if { path /t }\n${ONE}`,
    clients: [sends(closing("/t"))],
  },
  {
    name: "a tarpit with a status of its own",
    section: ` timeout tarpit 200ms\n http-request tarpit deny_status 429 if { path /t }\n${ONE}`,
    clients: [sends(closing("/t"))],
  },
  {
    name: "an error page from a file",
    section: " errorfile 503 FOLDER/503.http\n server s1 S1 disabled",
    clients: [sends(closing("/"))],
  },
  {
    name: "an error page that is a redirect",
    section: " errorloc303 503 http://sorry.example/\n server s1 S1 disabled",
    clients: [sends(closing("/"))],
  },
  {
    name: "an error page by http-error",
    section: ' http-error status 503 content-type text/plain string "closed"\n server s1 S1 disabled',
    clients: [sends(closing("/"))],
  },
];
