/** What becomes of each keyword of `global` (chapter 3) that isn't read by `global.ts`. */
export interface GlobalStatus {
  readonly kind: "ignored" | "refused" | "removed";
  readonly means: string;
}

function group(kind: GlobalStatus["kind"], means: string, names: string): readonly (readonly [string, GlobalStatus])[] {
  return names
    .split(/\s+/)
    .filter((name) => name !== "")
    .map((name) => [name, { kind, means }]);
}

export const GLOBAL_STATUS: ReadonlyMap<string, GlobalStatus> = new Map([
  ...group(
    "ignored",
    "the platform's event loop decides",
    `busy-polling noepoll noevports nokqueue nopoll tune.fd.edge-triggered
    tune.maxpollevents tune.runqueue-depth tune.sched.low-latency tune.recv_enough tune.listener.multi-queue`,
  ),
  ...group(
    "ignored",
    "workers are processes that the kernel schedules",
    `cpu-map numa-cpu-mapping thread-group thread-groups
    tune.idle-pool.shared tune.pool-high-fd-ratio tune.pool-low-fd-ratio nbproc`,
  ),
  ...group(
    "ignored",
    "memory is bounded per connection and per worker",
    `tune.buffers.limit tune.buffers.reserve tune.fail-alloc
    no-memory-trimming maxzlibmem maxpipes tune.pipesize tune.pattern.cache-size tune.vars.global-max-size
    tune.vars.proc-max-size tune.vars.reqres-max-size tune.vars.sess-max-size tune.vars.txn-max-size tune.vars.check-max-size`,
  ),
  ...group(
    "ignored",
    "compression has fixed settings",
    "maxcompcpuusage maxcomprate tune.zlib.memlevel tune.zlib.windowsize",
  ),
  ...group("ignored", "nothing is profiled task by task", "profiling.tasks profiling.memory"),
  ...group(
    "ignored",
    "the TLS library decides",
    `ssl-engine ssl-mode-async ssl-propquery ssl-provider ssl-provider-path
    ssl-dh-param-file tune.ssl.default-dh-param tune.ssl.force-private-cache tune.ssl.hard-maxrecord tune.ssl.maxrecord
    tune.ssl.keylog tune.ssl.ssl-ctx-cache-size tune.ssl.capture-buffer-size tune.ssl.capture-cipherlist-size
    ssl-skip-self-issued-ca issuers-chain-path ssl-load-extra-files ssl-load-extra-del-ext`,
  ),
  ...group(
    "ignored",
    "there is no Lua",
    `lua-prepend-path tune.lua.forced-yield tune.lua.maxmem tune.lua.service-timeout
    tune.lua.session-timeout tune.lua.task-timeout`,
  ),
  ...group(
    "ignored",
    "there is no QUIC",
    `tune.quic.frontend.conn-tx-buffers.limit tune.quic.frontend.max-idle-timeout
    tune.quic.frontend.max-streams-bidi tune.quic.retry-threshold`,
  ),
  ...group(
    "ignored",
    "names are resolved by the system's resolver",
    "nogetaddrinfo httpclient.resolvers.id httpclient.resolvers.prefer",
  ),
  ...group("ignored", "there is no HTTP client inside", "httpclient.ssl.ca-file httpclient.ssl.verify"),
  ...group("ignored", "a reload changes the running process; no old one stays", "mworker-max-reloads"),
  ...group("ignored", "cluster secrets come from the cluster's key", "cluster-secret"),
  ...group("ignored", "no further processes are started", "insecure-fork-wanted insecure-setuid-wanted set-dumpable"),
  ...group("ignored", "experimental words are accepted or refused one by one", "expose-experimental-directives"),
  ...group("ignored", "a fixed number of table updates is sent at once", "tune.peers.max-updates-at-once"),
  ...group("ignored", "it concerns only a debug build", "debug tune.debug"),
  ...group("ignored", "the PROXY protocol always carries the client's address", "pp2-never-send-local"),
  ...group("ignored", "such requests are accepted or refused by RFC 9110", "h1-accept-payload-with-any-method"),
  ...group("ignored", "the limit is taken from 'ulimit-n'", "fd-hard-limit"),
  ...group("ignored", "relative paths are read from the folder of the configuration file", "default-path"),
  ...group("refused", "there is no Lua", "lua-load lua-load-per-thread"),
  ...group(
    "refused",
    "device detection isn't part of ha-lb",
    `51degrees-cache-size 51degrees-data-file 51degrees-property-name-list
    51degrees-property-separator deviceatlas-json-file deviceatlas-log-level deviceatlas-properties-cookie
    deviceatlas-separator wurfl-cache-size wurfl-data-file wurfl-information-list wurfl-information-list-separator`,
  ),
]);
