/** What is measured, with the bars that the product sets itself: our CPU as a multiple of haproxy's. */

export interface BenchCase {
  readonly name: string;
  readonly title: string;
  readonly mode: "http" | "tcp";
  readonly threads: number;
  readonly tls: boolean;
  readonly path: string;
  readonly headers: readonly string[];
  readonly connections: number;
  /** What one unit of work is: CPU is given per unit. */
  readonly unit: "request" | "handshake" | "MB";
  readonly bars: { readonly first: number; readonly final: number };
}

const http = {
  mode: "http",
  threads: 1,
  tls: false,
  path: "/",
  headers: [],
  connections: 32,
  unit: "request",
} as const;

export const CASES: readonly BenchCase[] = [
  { ...http, name: "keep-alive", title: "HTTP, connections kept alive", bars: { first: 1.3, final: 1 } },
  {
    ...http,
    name: "close",
    title: "HTTP, a connection per request",
    headers: ["Connection: close"],
    bars: { first: 1.3, final: 1 },
  },
  {
    ...http,
    name: "1-MB",
    title: "HTTP, bodies of 1 MB",
    path: "/big",
    connections: 8,
    bars: { first: 1.2, final: 1 },
  },
  { ...http, name: "tls", title: "TLS, connections kept alive", tls: true, bars: { first: 1, final: 0.95 } },
  {
    ...http,
    name: "handshake",
    title: "TLS, a handshake per request",
    tls: true,
    headers: ["Connection: close"],
    connections: 8,
    unit: "handshake",
    bars: { first: 0.7, final: 0.65 },
  },
  {
    ...http,
    name: "tcp",
    title: "TCP, long streams",
    mode: "tcp",
    path: "/big",
    connections: 8,
    unit: "MB",
    bars: { first: 0.6, final: 0.5 },
  },
  { ...http, name: "two-workers", title: "HTTP, two workers", threads: 2, bars: { first: 1.3, final: 1 } },
];

/** Beside the CPU of the case with two workers: requests per second at least, 99th percentile at most. */
export const TWO_WORKERS = { name: "two-workers", leastSpeed: 0.9, mostP99: 1.5 } as const;
/** Memory, for one worker. */
export const MEMORY_BARS = { idleMb: 30, perConnectionKb: 12 } as const;

export interface Place {
  readonly folder: string;
  readonly backends: readonly number[];
}

/** The same text for both: haproxy's language. */
export function configurationOf(one: BenchCase, port: number, place: Place): string {
  const tls = one.tls ? ` ssl crt ${place.folder}/site.pem` : "";
  return [
    "global",
    ` nbthread ${one.threads}`,
    " maxconn 9900",
    "defaults",
    ` mode ${one.mode}`,
    " timeout connect 5s",
    " timeout client 30s",
    " timeout server 30s",
    ...(one.mode === "http" ? [" option forwardfor"] : []),
    "frontend f",
    ` bind 127.0.0.1:${port}${tls}`,
    " default_backend b",
    "backend b",
    " balance roundrobin",
    ...place.backends.map((backend, index) => ` server s${index} 127.0.0.1:${backend}`),
    "",
  ].join("\n");
}
