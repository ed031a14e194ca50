import type { Position } from "../../../shared/text/position.ts";
import type { SocketAddress, SourceAddress } from "./address.ts";
import type { BalanceAlgorithm, Cookie, HashType } from "./balance.ts";
import type { Bind } from "./bind.ts";
import type { Acl, Condition } from "./condition.ts";
import type { HealthCheck } from "./health-check.ts";
import type { LogTarget } from "./log-target.ts";
import type { LogFormat } from "./log-format.ts";
import type { LocalReply, PersistRule, Redirect, Rule, StickRule, UseBackendRule, UseServerRule } from "./rule.ts";
import type { Server } from "./server.ts";
import type { StickTable } from "./stick-table.ts";

/** All in ms; absent means none (infinite). */
export interface Timeouts {
  readonly client?: number;
  readonly server?: number;
  readonly connect?: number;
  readonly queue?: number;
  readonly check?: number;
  readonly httpRequest?: number;
  readonly httpKeepAlive?: number;
  readonly tunnel?: number;
  readonly clientFin?: number;
  readonly serverFin?: number;
  readonly tarpit?: number;
}

/** Plain yes/no options by their own word: `abortonclose`, `dontlognull`, … */
export type ProxyFlag =
  | "abortonclose"
  | "accept-invalid-http-request"
  | "accept-invalid-http-response"
  | "allbackups"
  | "checkcache"
  | "clitcpka"
  | "contstats"
  | "disable-h2-upgrade"
  | "dontlog-normal"
  | "dontlognull"
  | "h1-case-adjust-bogus-client"
  | "h1-case-adjust-bogus-server"
  | "http-buffer-request"
  | "http-ignore-probes"
  | "http-no-delay"
  | "http-pretend-keepalive"
  | "http-use-proxy-header"
  | "idle-close-on-response"
  | "independent-streams"
  | "log-health-checks"
  | "log-separate-errors"
  | "logasap"
  | "nolinger"
  | "persist"
  | "prefer-last-server"
  | "socket-stats"
  | "splice-auto"
  | "splice-request"
  | "splice-response"
  | "srvtcpka"
  | "tcp-smart-accept"
  | "tcp-smart-connect"
  | "transparent";

/** `option forwardfor` and `option originalto`. */
export interface ForwardOption {
  readonly header: string;
  readonly ifNone: boolean;
  /** Networks whose clients don't get the header. */
  readonly except?: string;
}

export type RetryCondition =
  | "none"
  | "conn-failure"
  | "empty-response"
  | "junk-response"
  | "response-timeout"
  | "0rtt-rejected"
  | "all-retryable-errors"
  | number;

export interface Capture {
  readonly side: "request" | "response";
  /** Absent for `declare capture` and the `capture` action: filled by rules. */
  readonly header?: string;
  readonly length: number;
  readonly at: Position;
}

export interface Compression {
  readonly algorithms: readonly ("gzip" | "deflate" | "raw-deflate" | "identity")[];
  /** Media types; all when empty. */
  readonly types: readonly string[];
  readonly offload: boolean;
}

/** An answer for a status this proxy makes itself. */
export interface ErrorPage {
  readonly status: number;
  readonly answer:
    | { readonly kind: "file"; readonly path: string }
    | { readonly kind: "location"; readonly url: string; readonly code: 302 | 303 }
    | { readonly kind: "section"; readonly section: string }
    | { readonly kind: "reply"; readonly reply: LocalReply };
  readonly at: Position;
}

export interface StatsPage {
  readonly uri: string;
  readonly realm?: string;
  readonly users: readonly { readonly name: string; readonly password: string }[];
  readonly refreshSeconds?: number;
  readonly hideVersion: boolean;
  readonly showLegends: boolean;
  readonly showModules: boolean;
  /** An empty text shows the global one. */
  readonly showDescription?: string;
  readonly showNode?: string;
  readonly scope: readonly string[];
  /** First that holds allows administration. */
  readonly admin: readonly Condition[];
  readonly httpRequest: readonly Rule[];
  readonly at: Position;
}

export interface EmailAlert {
  readonly mailers: string;
  readonly from: string;
  readonly to: string;
  readonly myHostname?: string;
  readonly level: string;
}

/** `tcp-request content` rules wait at most `inspectDelayMs` for data. */
export interface TcpRules {
  readonly connection: readonly Rule[];
  readonly session: readonly Rule[];
  readonly content: readonly Rule[];
  readonly response: readonly Rule[];
  readonly inspectDelayMs?: number;
  readonly responseInspectDelayMs?: number;
}

export type ConnectionMode = "keep-alive" | "server-close" | "close";
export type ReuseMode = "never" | "safe" | "aggressive" | "always";

/** What the log line is: a ready-made format or one's own. */
export type LogStyle = "default" | "default-http" | "tcp" | "http" | "http-clf" | "https" | "json" | "custom";

/**
 * A frontend, a backend or both, with its defaults merged in. What belongs only to the other side is
 * at its neutral value.
 */
export interface Proxy {
  readonly name: string;
  readonly id: number;
  readonly kind: "frontend" | "backend" | "listen";
  readonly isFrontend: boolean;
  readonly isBackend: boolean;
  readonly mode: "tcp" | "http";
  readonly disabled: boolean;
  readonly description?: string;
  readonly defaultsName?: string;

  readonly binds: readonly Bind[];
  readonly maxConnections?: number;
  readonly backlog?: number;
  /** New sessions per second; `rate-limit sessions`. */
  readonly sessionRateLimit?: number;
  readonly defaultBackend?: string;
  readonly useBackend: readonly UseBackendRule[];

  readonly balance: BalanceAlgorithm;
  readonly hashType: HashType;
  readonly servers: readonly Server[];
  readonly useServer: readonly UseServerRule[];
  readonly persistRules: readonly PersistRule[];
  readonly cookie?: Cookie;
  readonly retries: number;
  readonly retryOn: readonly RetryCondition[];
  /** 0: off; n: at every n-th retry; -n: n retries before the last one. */
  readonly redispatch: number;
  readonly fullConnections?: number;
  readonly source?: SourceAddress;
  /** `dataplane nft`: the kernel sends new connections to the servers. */
  readonly dataPath?: "nft";
  /** `dispatch ADDRESS`: a single, unchecked target. */
  readonly dispatch?: SocketAddress;
  readonly persistRdpCookie?: string;
  readonly healthCheck: HealthCheck;
  /** `http-check disable-on-404`, `send-state`. */
  readonly checkDisableOn404: boolean;
  readonly checkSendState: boolean;
  readonly emailAlert?: EmailAlert;
  readonly loadServerState: "none" | "global" | "local";
  readonly serverStateFile?: string;

  readonly timeouts: Timeouts;
  readonly flags: ReadonlySet<ProxyFlag>;
  readonly connectionMode: ConnectionMode;
  readonly reuse: ReuseMode;
  readonly maxKeepAliveQueue?: number;
  readonly forwardFor?: ForwardOption;
  readonly originalTo?: ForwardOption;
  readonly sendNameHeader?: string;
  readonly restrictHeaderNames?: "preserve" | "delete" | "reject";
  readonly clientKeepAlive?: KeepAliveProbe;
  readonly serverKeepAlive?: KeepAliveProbe;

  readonly acls: ReadonlyMap<string, Acl>;
  readonly tcpRules: TcpRules;
  readonly httpRequest: readonly Rule[];
  readonly httpResponse: readonly Rule[];
  readonly httpAfterResponse: readonly Rule[];
  /** Old-style `redirect`, evaluated after http-request. */
  readonly redirects: readonly { readonly redirect: Redirect; readonly condition?: Condition; readonly at: Position }[];
  readonly monitorUri?: string;
  readonly monitorFail: readonly Condition[];
  readonly stickTable?: StickTable;
  readonly stickRules: readonly StickRule[];
  readonly errorPages: readonly ErrorPage[];
  readonly compression?: Compression;
  readonly stats?: StatsPage;

  readonly logTargets: readonly LogTarget[];
  readonly logStyle: LogStyle;
  readonly logFormat?: LogFormat;
  readonly errorLogFormat?: LogFormat;
  readonly structuredDataFormat?: LogFormat;
  readonly logTag?: string;
  readonly captures: readonly Capture[];
  readonly captureCookie?: { readonly name: string; readonly prefix: boolean; readonly length: number };
  readonly uniqueIdFormat?: LogFormat;
  readonly uniqueIdHeader?: string;
  readonly at: Position;
}

/** Times between TCP keep-alive probes; the kernel's values where absent. */
export interface KeepAliveProbe {
  readonly count?: number;
  readonly idleSeconds?: number;
  readonly intervalSeconds?: number;
}
