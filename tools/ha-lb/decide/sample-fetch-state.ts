import type { BackendCounters, ServerCounters } from "../model/sample-context.ts";
import type { SampleArgument } from "../model/sample.ts";
import { Binary, type SampleValue } from "../model/value.ts";
import {
  numberArgument,
  plain,
  textArgument,
  type CompileEnvironment,
  type FetchMaker,
  type FetchTable,
} from "./sample-types.ts";
import { variableNamed } from "./sample-variable.ts";

function constant(make: (values: readonly SampleArgument[]) => SampleValue): FetchMaker {
  return (values) => {
    const value = make(values);
    return { get: () => value };
  };
}

function ofBackend(read: (counters: BackendCounters) => number): FetchMaker {
  return (values, environment) => {
    const name = textArgument(values, 0) || environment.proxyName;
    return { get: ({ world }) => read(world.backend(name)) };
  };
}

/** `server` or `backend/server`. */
function ofServer(read: (counters: ServerCounters) => SampleValue): FetchMaker {
  return (values, environment: CompileEnvironment) => {
    const text = textArgument(values, 0);
    const slash = text.indexOf("/");
    const backend = slash < 0 ? environment.proxyName : text.slice(0, slash);
    const server = text.slice(slash + 1);
    return {
      get: ({ world }) => {
        const counters = world.server(backend, server);
        return counters === undefined ? undefined : read(counters);
      },
    };
  };
}

function ofFrontend(
  read: (counters: {
    readonly connections: number;
    readonly sessionRate: number;
    readonly requestRate: number;
  }) => number,
): FetchMaker {
  return (values, environment) => {
    const name = textArgument(values, 0) || environment.proxyName;
    return { get: ({ world }) => read(world.frontend(name)) };
  };
}

const decodeHex = (text: string) => text.replace(/../g, (pair) => String.fromCharCode(Number.parseInt(pair, 16)));

const DATE_UNITS: Readonly<Record<string, number>> = { s: 1000, ms: 1, us: 0.001 };

const date: FetchMaker = (values) => {
  const offset = numberArgument(values, 0, 0);
  const unit = DATE_UNITS[textArgument(values, 1, "s")] ?? 1000;
  return { get: ({ nowMs }) => Math.floor(nowMs / unit) + offset };
};

const variable: FetchMaker = (values) => {
  const { scope, name } = variableNamed(textArgument(values, 0));
  const otherwise = values[1] === undefined || values[1] === null ? undefined : String(values[1]);
  return { get: ({ variables }) => variables.get(scope, name) ?? otherwise };
};

/** Constants, the process, proxies and servers. */
export const STATE_FETCHES: FetchTable = {
  str: constant((values) => textArgument(values, 0)),
  int: constant((values) => numberArgument(values, 0, 0)),
  bool: constant((values) => ["true", "yes", "on", "1"].includes(textArgument(values, 0).toLowerCase())),
  bin: constant((values) => new Binary(decodeHex(textArgument(values, 0)))),
  meth: constant((values) => textArgument(values, 0)),
  env: (values) => {
    const name = textArgument(values, 0);
    return { get: ({ world }) => world.environment(name) };
  },
  var: variable,
  date,
  date_us: plain(({ nowMs }) => Math.floor((nowMs * 1000) % 1_000_000)),
  rand: (values) => {
    const range = numberArgument(values, 0, 2 ** 32);
    return { get: (context) => Math.floor(context.random() * range) };
  },
  uuid: () => ({ get: ({ world }) => world.uuid() }),
  hostname: plain(({ world }) => world.hostName),
  proc: plain(({ world }) => world.processNumber),
  nbproc: plain(() => 1),
  thread: plain(({ world }) => world.threadNumber),
  stopping: plain(({ world }) => world.stopping),
  "unique-id": plain((context) => context.uniqueId()),
  last_rule_file: plain(({ lastRule }) => lastRule?.file),
  last_rule_line: plain(({ lastRule }) => lastRule?.line),
  prio_class: plain(() => 0),
  prio_offset: plain(() => 0),
  nbsrv: ofBackend((counters) => counters.usableServers),
  be_conn: ofBackend((counters) => counters.connections),
  be_conn_free: ofBackend((counters) => counters.freeConnections),
  connslots: ofBackend((counters) => counters.connectionSlots),
  queue: ofBackend((counters) => counters.queue),
  avg_queue: ofBackend((counters) => counters.averageQueue),
  be_sess_rate: ofBackend((counters) => counters.sessionRate),
  fe_conn: ofFrontend((counters) => counters.connections),
  fe_sess_rate: ofFrontend((counters) => counters.sessionRate),
  fe_req_rate: ofFrontend((counters) => counters.requestRate),
  srv_conn: ofServer((counters) => counters.connections),
  srv_conn_free: ofServer((counters) => counters.freeConnections),
  srv_is_up: ofServer((counters) => counters.up),
  srv_queue: ofServer((counters) => counters.queue),
  srv_sess_rate: ofServer((counters) => counters.sessionRate),
  srv_weight: ofServer((counters) => counters.weight),
  srv_iweight: ofServer((counters) => counters.initialWeight),
  srv_uweight: ofServer((counters) => counters.userWeight),
  fe_name: plain(({ frontend }) => frontend.name),
  fe_id: plain(({ frontend }) => frontend.id),
  fe_defbe: plain(({ frontend }) => frontend.defaultBackend),
  fe_client_timeout: plain(({ frontend }) => frontend.timeoutMs("client", false)),
  be_name: plain(({ backend }) => backend?.name),
  be_id: plain(({ backend }) => backend?.id),
  be_server_timeout: plain(({ backend }) => backend?.timeoutMs("server", false)),
  be_tunnel_timeout: plain(({ backend }) => backend?.timeoutMs("tunnel", false)),
  cur_server_timeout: plain(({ backend }) => backend?.timeoutMs("server", true)),
  cur_tunnel_timeout: plain(({ backend }) => backend?.timeoutMs("tunnel", true)),
};
