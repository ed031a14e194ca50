import type { Script } from "./client.ts";
import type { Scenario } from "./run.ts";
import { ONE, visits } from "./words.ts";

const sends = (text: string): Script => ({ steps: [{ send: text }, { until: "s1:" }, { do: "finish" }] });
const tcp = (name: string, lines: string, ...clients: readonly Script[]): Scenario => ({
  name,
  section: ` mode tcp\n option tcplog\n${lines}\n${ONE}`,
  clients,
  inTurn: true,
  raw: true,
  logDiffers: "the bytes of a session that is cut are counted at different moments",
});
const http = (name: string, lines: string, ...clients: readonly Script[]): Scenario => ({
  name,
  section: `${lines}\n${ONE}`,
  clients,
  inTurn: true,
});

/** `tcp-response content` rules. Servers give back what isn't a request, with their name before it. */
export const TCP_RESPONSES: readonly Scenario[] = [
  tcp(
    "the first bytes decide",
    " tcp-response inspect-delay 5s\n tcp-response content reject if { res.payload(0,7) -m str s1:evil }\n tcp-response content accept",
    sends("evil"),
    sends("good words"),
  ),
  tcp(
    "they are waited for",
    " tcp-response inspect-delay 500ms\n tcp-response content accept if { res.len ge 50 }\n tcp-response content reject",
    sends("short"),
    sends("x".repeat(80)),
  ),
  tcp("close", " tcp-response content close if { res.payload(3,4) -m str stop }", sends("stop now"), sends("go on")),
  tcp(
    "an accept ends the rules",
    " tcp-response content accept if { src 127.0.0.1 }\n tcp-response content reject",
    sends("hello"),
  ),
  tcp("nothing but a refusal", " tcp-response content reject", sends("hello")),
  http(
    "of HTTP",
    " tcp-response content reject if { status 404 }\n http-response set-header X-Passed yes",
    ...visits("/ok", "/missing"),
  ),
  http("a refusal in HTTP", " tcp-response content reject if { src 127.0.0.1 }", ...visits("/ok")),
  http(
    "an accept ends only its own rules",
    " tcp-response content accept\n http-response set-header X-Passed yes",
    ...visits("/ok"),
  ),
];
