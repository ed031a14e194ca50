import type { Global, TlsDefaults, Tuning } from "../model/global.ts";

type Writable<T> = {
  -readonly [Key in keyof T]: T[Key] extends ReadonlyMap<infer From, infer To>
    ? Map<From, To>
    : T[Key] extends readonly (infer Item)[]
      ? Item[]
      : T[Key];
};

export interface GlobalDraft extends Writable<Omit<Global, "tune" | "bindTls" | "serverTls" | "unixBind">> {
  tune: Writable<Tuning>;
  bindTls: Writable<TlsDefaults>;
  serverTls: Writable<TlsDefaults>;
  unixBind: Writable<Global["unixBind"]>;
  /** `stats bind-process` and the like come after the socket: nothing to keep. */
}

const STATS_TIMEOUT_DEFAULT_MS = 10_000;

/** The defaults of the reference, where it has any. */
export function emptyGlobal(): GlobalDraft {
  return {
    daemon: false,
    masterWorker: false,
    threads: 0,
    spreadChecksPercent: 0,
    logTargets: [],
    statsSockets: [],
    statsTimeoutMs: STATS_TIMEOUT_DEFAULT_MS,
    serverVerify: "required",
    bindTls: { noTickets: false, preferClientCiphers: false, minVersion: "TLSv1.2" },
    serverTls: { noTickets: false, preferClientCiphers: false },
    externalCheck: false,
    splice: true,
    reusePort: true,
    h2Tunnels: true,
    strictLimits: true,
    zeroWarning: false,
    quiet: false,
    unixBind: {},
    headerCase: new Map(),
    variables: [],
    environment: new Map(),
    tune: {
      compressionLevel: 1,
      bufferBytes: 16384,
      maxRewriteBytes: 1024,
      maxHeaders: 101,
      logUriBytes: 1024,
      cookieBytes: 63,
      tlsCacheEntries: 20000,
      tlsLifetimeSeconds: 300,
      h2MaxConcurrentStreams: 100,
      h2InitialWindowBytes: 65535,
      h2HeaderTableBytes: 4096,
    },
  };
}
