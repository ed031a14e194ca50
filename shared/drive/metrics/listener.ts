import type { Endpoint } from "../../text/endpoint.ts";
import type { Registry } from "./registry.ts";

/** Longest request that is read, in bytes: a scrape has no body. */
const LONGEST_BODY = 1024;
/** Seconds after which a silent connection is closed. */
const IDLE_SECONDS = 10;

export interface MetricsListener {
  readonly port: number;
  close(): void;
}

/**
 * Answers `GET /metrics`, and `GET /` with a hint, to anybody who can reach the address: bind it to loopback or to the
 * management network. `port` 0 takes a free one.
 * @throws when the address can't be had
 */
export function listenForScrapes(registry: Registry, endpoint: Endpoint): MetricsListener {
  const server = Bun.serve({
    hostname: endpoint.host,
    port: endpoint.port,
    maxRequestBodySize: LONGEST_BODY,
    idleTimeout: IDLE_SECONDS,
    // The error page of development would show source code.
    development: false,
    fetch(request) {
      const { pathname } = new URL(request.url);
      if (request.method !== "GET" && request.method !== "HEAD")
        return new Response("only GET\n", { status: 405, headers: { allow: "GET, HEAD" } });
      if (pathname === "/metrics") {
        return new Response(registry.render(), {
          headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" },
        });
      }
      return pathname === "/"
        ? new Response("metrics are at /metrics\n")
        : new Response("not found\n", { status: 404 });
    },
    error: () => new Response("the metrics can't be made\n", { status: 500 }),
  });
  return {
    port: server.port ?? endpoint.port,
    close() {
      void server.stop(true);
    },
  };
}
