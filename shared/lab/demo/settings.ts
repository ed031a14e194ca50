/** What the demonstration runs. Pure. */
import type { Host } from "../host.ts";

/** How others find the demonstration while it runs. */
const DEMO_LABEL = "fivenines-demo";

/** Two demonstrations at once don't meet when each has a label of its own in its environment. */
export function demoLabel(environment: Readonly<Record<string, string | undefined>>): string {
  return environment["FIVENINES_DEMO_LABEL"] ?? DEMO_LABEL;
}

export const FLOATING_ADDRESS = "10.77.0.100";
/** Where the balancer listens, and the application behind it. */
export const BALANCER_PORT = 80;
export const WEB_PORT = 8080;
/** Datagrams go straight to the holder of the address: they measure its move and nothing else. */
export const ECHO_PORT = 7;
export const UDP_INTERVAL_MS = 1;
/** On a busy machine an answer may come late: late is not lost. */
export const UDP_TIMEOUT_MS = 1_000;
export const HTTP_INTERVAL_MS = 10;
export const HTTP_TIMEOUT_MS = 5_000;
export const BALANCER_FILE = "/etc/haproxy/haproxy.cfg";

/** The programs of the product that it shows, as paths. */
export interface Programs {
  readonly vip: string;
  readonly balancer: string;
  /** Absent when this build has no monitor. */
  readonly monitor?: string;
}

/** The line of the manual, as an operator would type it. */
export const VIP_OPTIONS = [
  "run",
  "--vip",
  `${FLOATING_ADDRESS}/24`,
  "--dev",
  "eth0",
  "--check",
  `tcp://127.0.0.1:${BALANCER_PORT}`,
] as const;

/**
 * The balancer's configuration, the same on each host. Connecting may take a quarter of a second, then another server
 * is tried: a server that just died is no reason for an error. A server that was reached may take its time to answer a
 * check: on a busy machine it is slow, and not down.
 */
export function balancerConfiguration(hosts: readonly Pick<Host, "name" | "ipv4">[]): string {
  const servers = hosts.map((host) => `    server ${host.name} ${host.ipv4}:${WEB_PORT} check`);
  return `defaults
    mode http
    timeout connect 250ms
    timeout check 2s
    timeout client 10s
    timeout server 10s
    retries 3
    option redispatch 1

frontend web
    bind *:${BALANCER_PORT}
    default_backend servers

backend servers
    balance roundrobin
    option httpchk GET /
    default-server inter 200ms fall 2 rise 2
${servers.join("\n")}
`;
}
