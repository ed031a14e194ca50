import type { Scenario } from "./run.ts";
import { closing, get, ONE, sends } from "./words.ts";

const TCP = " mode tcp\n option tcplog\n";
const V1 = "PROXY TCP4 10.1.2.3 10.9.9.9 1111 80\r\n";
const V1_6 = "PROXY TCP6 fd00::1 fd00::2 1111 80\r\n";
const SIGNATURE = "\r\n\r\n\0\r\nQUIT\n";
const V2 = `${SIGNATURE}\x21\x11\0\x0c\x0a\x01\x02\x03\x0a\x09\x09\x09\x04\x57\0\x50`;
const V2_LOCAL = `${SIGNATURE}\x20\0\0\0`;

const WEBSOCKET = get(
  "/websocket",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
);

export const PROTOCOLS: readonly Scenario[] = [
  {
    name: "tcp: bytes there and back",
    section: `${TCP}${ONE}`,
    raw: true,
    clients: [{ steps: [{ send: "abc" }, { until: "s1:abc" }, { do: "finish" }] }],
  },
  {
    name: "tcp: a log format of one's own",
    section: ` mode tcp\n log-format "to %fi of %ft: %b/%s %ts %U %rc %[src] %[dst_port,mul(0)]"\n${ONE}`,
    raw: true,
    clients: [{ steps: [{ send: "abc" }, { until: "s1:abc" }, { do: "finish" }] }],
  },
  { name: "tcp: nobody listens", section: `${TCP} server s1 DEAD`, raw: true, clients: [sends("abc")] },
  { name: "tcp: no server", section: `${TCP} server s1 S1 disabled`, raw: true, clients: [sends("abc")] },
  {
    name: "tcp: redispatch",
    section: `${TCP} option redispatch 1\n retries 2\n server s1 DEAD\n server s2 S2`,
    raw: true,
    clients: [{ steps: [{ send: "abc" }, { until: "s2:abc" }, { do: "finish" }] }],
  },
  {
    name: "tcp: silence on both sides",
    section: `${TCP} timeout client 2s\n${ONE}`,
    raw: true,
    clients: [sends("abc")],
  },
  {
    name: "tcp: a silent server",
    section: `${TCP} timeout server 800ms\n${ONE}`,
    raw: true,
    clients: [sends("GET /silent HTTP/1.0\r\n\r\n")],
  },
  { name: "tcp: the server ends", section: `${TCP}${ONE}`, raw: true, clients: [sends("GET /cut HTTP/1.0\r\n\r\n")] },
  {
    name: "tcp: the client breaks off",
    section: `${TCP}${ONE}`,
    raw: true,
    clients: [{ steps: [{ send: "GET /half HTTP/1.0\r\n\r\n" }, { until: "only this" }, { do: "reset" }] }],
  },
  {
    name: "tcp: a queue that is full",
    section: `${TCP} timeout queue 500ms\n server s1 S1 maxconn 1`,
    raw: true,
    clients: [
      { steps: [{ send: "a" }, { when: "done-b" }, { do: "finish" }] },
      { as: "b", after: "asked a", steps: [{ send: "b" }] },
    ],
  },
  {
    name: "send-proxy",
    section: " server s1 S1 send-proxy",
    clients: [sends(closing("/"))],
    onlyStatus: "the server of the test takes the line for a part of the request",
  },
  {
    name: "tcp: send-proxy",
    section: `${TCP} server s1 S1 send-proxy`,
    raw: true,
    clients: [{ steps: [{ send: "GET /x HTTP/1.0\r\n\r\n" }, { until: "GET /x" }, { do: "finish" }] }],
  },
  {
    name: "tcp: send-proxy-v2",
    section: `${TCP} server s1 S1 send-proxy-v2`,
    raw: true,
    clients: [{ steps: [{ send: "GET /x HTTP/1.0\r\n\r\n" }, { until: "GET /x" }, { do: "finish" }] }],
  },
  {
    name: "accept-proxy, version 1",
    bind: "accept-proxy",
    section: ` option forwardfor\n${ONE}`,
    clients: [sends(V1 + closing("/"))],
  },
  {
    name: "accept-proxy, version 1, IPv6",
    bind: "accept-proxy",
    section: ` option forwardfor\n${ONE}`,
    clients: [sends(V1_6 + closing("/"))],
  },
  {
    name: "accept-proxy, version 1, unknown",
    bind: "accept-proxy",
    section: ` option forwardfor\n${ONE}`,
    clients: [sends(`PROXY UNKNOWN\r\n${closing("/")}`)],
  },
  {
    name: "accept-proxy, version 2",
    bind: "accept-proxy",
    section: ` option forwardfor\n http-request set-header X-Dst %[dst]:%[dst_port]\n${ONE}`,
    clients: [sends(V2 + closing("/"))],
  },
  {
    name: "accept-proxy, version 2, local",
    bind: "accept-proxy",
    section: ` option forwardfor\n${ONE}`,
    clients: [sends(V2_LOCAL + closing("/"))],
  },
  {
    ours: { statuses: ["200"], why: "the pieces are put together" },
    name: "accept-proxy, in two pieces",
    bind: "accept-proxy",
    section: ` option forwardfor\n${ONE}`,
    clients: [{ steps: [{ send: V2.slice(0, 14) }, { waitMs: 1000 }, { send: V2.slice(14) + closing("/") }] }],
  },
  {
    name: "accept-proxy without its line",
    bind: "accept-proxy",
    section: ONE,
    logDiffers: "whether such a connection is worth a line",
    clients: [sends(closing("/"))],
  },
  {
    name: "accept-proxy from one end to the other",
    bind: "accept-proxy",
    section: `${TCP} server s1 S1 send-proxy`,
    raw: true,
    clients: [{ steps: [{ send: `${V1}GET /x HTTP/1.0\r\n\r\n` }, { until: "GET /x" }, { do: "finish" }] }],
  },
  {
    name: "a websocket",
    section: ONE,
    onlyStatus: "the order and spelling of headers",
    clients: [
      {
        steps: [
          {
            send: WEBSOCKET,
          },
          { until: "raw bytes" },
          { send: "ping" },
          { until: "s1:ping" },
          { do: "finish" },
        ],
      },
    ],
  },
  {
    name: "a websocket that is silent, with timeout tunnel",
    section: ` timeout tunnel 200ms\n${ONE}`,
    onlyStatus: "the order and spelling of headers",
    clients: [
      {
        steps: [
          {
            send: WEBSOCKET,
          },
        ],
      },
    ],
  },
  {
    name: "rules of connections",
    section: ` tcp-request connection reject if { src 127.0.0.0/8 }\n${ONE}`,
    clients: [sends(closing("/"))],
    logDiffers: "neither has a line",
  },
  {
    logDiffers: "the log names the request that was refused",
    name: "rules of contents",
    section: ` tcp-request inspect-delay 5s\n tcp-request content reject if { path /no }\n${ONE}`,
    clients: [sends(closing("/no")), sends(closing("/yes"))],
    inTurn: true,
  },
];
