/** Why a server was chosen, and why each of the others wasn't. */
import type { Walked } from "../../drive/explain/walk.ts";
import type { BackendRuntime, ServerRuntime } from "../../drive/runtime.ts";

export interface ServerChoice {
  readonly server: string;
  readonly address: string;
  readonly chosen: boolean;
  readonly weight: number;
  readonly sessions: number;
  readonly limit: number | undefined;
  readonly why: string;
}

/** In a word or two, what the algorithm goes by. */
function ruleOf(backend: BackendRuntime, key: number | undefined): string {
  const { balance, hashType } = backend.proxy;
  switch (balance.kind) {
    case "roundrobin":
    case "static-rr":
      return `its turn by weight (balance ${balance.kind}); which turn it is depends on the requests before`;
    case "leastconn":
      return "the fewest sessions for its weight (balance leastconn)";
    case "first":
      return "the first with room (balance first)";
    case "random":
      return `the less busy of ${balance.draws} drawn at random (balance random)`;
    default: {
      const what = balance.kind === "hash" ? balance.key.text : balance.kind;
      return key === undefined
        ? `nothing to hash (balance ${what}): servers take turns`
        : `the hash of ${what}, ${key >>> 0} (${hashType.method})`;
    }
  }
}

function whyChosen(walked: Walked & { readonly kind: "forwarded" }): string {
  if (!walked.tied) return ruleOf(walked.backend, walked.key);
  if (walked.cookie.startsWith("V"))
    return `the cookie '${walked.backend.proxy.cookie?.name ?? ""}' ties the client to it`;
  return walked.backend.rules.useServer.length > 0 && walked.backend.stick === undefined
    ? "a use-server rule names it"
    : "a stick table or a use-server rule ties the client to it";
}

/** What keeps a server out, before the algorithm looks at it. */
function whyOut(server: ServerRuntime): string | undefined {
  const { health } = server;
  if (health.admin === "maint" || health.inherited === "maint") return "in maintenance";
  if (!health.up) return health.lastStatus === "" ? "down" : `down: ${health.lastStatus} ${health.lastDetail}`.trim();
  if (!server.hasAddress) return "its name has no address";
  if (health.stopping) return "stopping: its check answers so, it finishes what it has";
  if (health.admin === "drain" || health.inherited === "drain") return "drained: only clients that are tied to it";
  if (server.weight === 0) return "its weight is 0";
  if (server.backup && !server.backend.inPlay.includes(server)) return "a backup: others are there";
  if (server.active >= server.limit) return `full: ${server.active} of ${server.limit} sessions`;
  return undefined;
}

export function serverChoices(backend: BackendRuntime, walked: Walked): readonly ServerChoice[] {
  return backend.servers.map((server) => {
    const chosen = walked.kind === "forwarded" && walked.server === server;
    const others =
      walked.kind === "forwarded" && walked.tied ? "not the one that the client is tied to" : "another one was due";
    return {
      server: server.name,
      address: server.settings.address.kind === "unix" ? server.settings.address.path : `${server.host}:${server.port}`,
      chosen,
      weight: server.weight,
      sessions: server.active,
      limit: server.limit === Number.POSITIVE_INFINITY ? undefined : server.limit,
      why: chosen
        ? whyChosen(walked)
        : (whyOut(server) ?? (walked.kind === "forwarded" ? others : "nothing came so far")),
    };
  });
}
