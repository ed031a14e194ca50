import { z } from "zod";
import type { Coordination, WatchNotice } from "../../effect/coordination.ts";
import type { ReplicaStatus } from "../../effect/replica.ts";
import { callMethod, streamMethod, type ControlMethods } from "../control/methods.ts";
import { answer } from "../control/protocol.ts";

/**
 * The client interface of the core on a daemon's control socket: `kv.get`, `kv.list`, `kv.txn` (puts and deletes with
 * compare-and-set), `kv.grant`, `kv.keepAlive`, `kv.revoke`, `kv.watch`, `kv.members`, `kv.status`. Each result is an
 * `Answer` as in shared/effect/coordination.ts: a refusal of the store is a result, not a failed call.
 */
const key = z.string().min(1);
const compare = z.array(z.strictObject({ key, modRevision: z.number().int().min(0) }));
const operations = z.array(
  z.discriminatedUnion("op", [
    z.strictObject({ op: z.literal("put"), key, value: z.string(), lease: z.string().optional() }),
    z.strictObject({ op: z.literal("delete"), key }),
  ]),
);
const lease = z.strictObject({ lease: z.string().min(1) });

/** `status`: null when the coordination is somebody else's, as with etcd. */
export function coordinationMethods(on: Coordination, status: () => ReplicaStatus | null): ControlMethods {
  return {
    "kv.get": callMethod({
      summary: "one key, linearizable",
      params: z.strictObject({ key }),
      run: async (params) => answer(await on.get(params.key)),
    }),
    "kv.list": callMethod({
      summary: "every key with a prefix, in order, linearizable",
      params: z.strictObject({ prefix: z.string() }),
      run: async (params) => answer(await on.list(params.prefix)),
    }),
    "kv.txn": callMethod({
      summary: "puts and deletes, all of them if every compared key was last written at its revision",
      params: z.strictObject({ compare, operations }),
      action: true,
      run: async (params) => answer(await on.txn(params.compare, params.operations.map(withoutAbsent))),
    }),
    "kv.grant": callMethod({
      summary: "a lease",
      params: z.strictObject({ ttlMs: z.number().int().positive() }),
      run: async (params) => answer(await on.grant(params.ttlMs)),
    }),
    "kv.keepAlive": callMethod({
      summary: "renews a lease",
      params: lease,
      run: async (params) => answer(await on.keepAlive(params.lease)),
    }),
    "kv.revoke": callMethod({
      summary: "ends a lease with all its keys",
      params: lease,
      action: true,
      run: async (params) => answer(await on.revoke(params.lease)),
    }),
    "kv.watch": streamMethod({
      summary: "changes of keys with a prefix from a revision on; `missed`: read anew",
      params: z.strictObject({ prefix: z.string(), from: z.number().int().min(0) }),
      subscribe: ({ prefix, from }, subscriber) => {
        const watch = on.watch(prefix, from, (notice: WatchNotice) => subscriber.push(notice));
        return { ok: true, result: null, stop: () => watch.close() };
      },
    }),
    "kv.members": callMethod({
      summary: "who belongs to the group, who votes, who leads",
      params: z.strictObject({}),
      run: async () => answer(await on.members()),
    }),
    "kv.status": callMethod({
      summary: "this member of the group: role, term, log",
      params: z.strictObject({}),
      run: () => answer(status()),
    }),
  };
}

type PutOrDelete = z.output<typeof operations>[number];

/** An optional field that is absent, instead of one that holds `undefined`. */
function withoutAbsent(operation: PutOrDelete) {
  if (operation.op === "delete") return operation;
  const { op, key: name, value } = operation;
  return operation.lease === undefined ? { op, key: name, value } : { op, key: name, value, lease: operation.lease };
}
