import type { Scenario } from "./run.ts";
import { closing, get, ONE, sends } from "./words.ts";

const post = (length: number): string =>
  `POST /p HTTP/1.1\r\nHost: example.org\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n`;

export const LIMITS: readonly Scenario[] = [
  { name: "half a head: 408", section: ONE, clients: [sends("GET / HTTP/1.1\r\nHo")] },
  { name: "a client that says nothing", section: ONE, clients: [{ steps: [{ waitMs: 700 }] }] },
  {
    name: "a client that says nothing, with http-ignore-probes",
    section: ` option http-ignore-probes\n${ONE}`,
    clients: [{ steps: [{ waitMs: 700 }] }],
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
  { name: "a server that is silent: 504", section: ONE, clients: [sends(closing("/silent"))] },
  { name: "half a head from the server: 504", section: ONE, clients: [sends(closing("/half-head"))] },
  { name: "half a body from the server, then silence", section: ONE, clients: [sends(closing("/half"))] },
  { name: "half a body from the server, then its end", section: ONE, clients: [sends(closing("/cut"))] },
  { name: "half the chunks from the server, then its end", section: ONE, clients: [sends(closing("/cut-chunks"))] },
  { name: "a chunk without sense from the server", section: ONE, clients: [sends(closing("/bad-chunk"))] },
  { name: "a server that hangs up: 502", section: ONE, clients: [sends(closing("/nothing"))] },
  { name: "an answer until the end of the connection", section: ONE, clients: [sends(closing("/until-close"))] },
  {
    name: "a client that goes during the body",
    ours: { statuses: ["200"], why: "the head goes out at once; the peer waits for more of the body first" },
    section: ONE,
    clients: [{ steps: [{ send: closing("/half") }, { waitMs: 150 }, { do: "close" }] }],
  },
  {
    name: "a client that goes before the answer, with abortonclose",
    section: ` option abortonclose\n${ONE}`,
    clients: [{ steps: [{ send: closing("/slow") }, { waitMs: 150 }, { do: "close" }] }],
  },
  {
    name: "a client that finishes before the answer, without abortonclose",
    section: ` timeout server 1s\n${ONE}`,
    clients: [{ steps: [{ send: closing("/slow") }, { waitMs: 100 }, { do: "finish" }] }],
  },
  {
    name: "a body that stops",
    ours: { statuses: ["408"], why: "the client's limit counts; the peer waits for the server's" },
    section: ` timeout server 2s\n${ONE}`,
    clients: [{ steps: [{ send: post(10) }, { send: "abc" }] }],
  },
  {
    name: "a client that goes in its body",
    section: ONE,
    clients: [{ steps: [{ send: post(10) }, { send: "abc" }, { waitMs: 100 }, { do: "close" }] }],
  },
  {
    name: "a client that doesn't read",
    section: ONE,
    clients: [{ steps: [{ do: "pause" }, { send: closing("/huge") }, { waitMs: 1500 }, { do: "close" }] }],
  },
  { name: "nobody listens: 503", section: " server s1 DEAD", clients: [sends(closing("/"))] },
  { name: "no server at all: 503", section: " server s1 S1 disabled", clients: [sends(closing("/"))] },
  {
    name: "a kept connection ends after its pause",
    section: ONE,
    clients: [{ steps: [{ send: get("/a") }, { waitMs: 900 }] }],
  },
  {
    name: "the second request of a kept connection stops",
    onlyStatus: "the page has words of its own",
    section: ONE,
    clients: [{ steps: [{ send: get("/a") }, { waitMs: 100 }, { send: "GET /b HTT" }, { waitMs: 900 }] }],
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
