import type { ReplicaMessage } from "../../effect/replica.ts";

/**
 * Whether a value that came over the wire is a message: every field that consensus and the store will look at is there and of
 * its type. The sender is authenticated, but it may run another version or be broken; what isn't a message must not
 * get into a step, where it would stop the node, nor into the log, where it would stop every node.
 */
type Fields = Readonly<Record<string, (value: unknown) => boolean>>;

const isText = (value: unknown): boolean => typeof value === "string";
const isFlag = (value: unknown): boolean => typeof value === "boolean";
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
const isPositive = (value: unknown): boolean => typeof value === "number" && Number.isFinite(value) && value > 0;
const isListOf =
  (isOne: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    Array.isArray(value) && value.every(isOne);

function has(fields: Fields): (value: unknown) => boolean {
  const checks = Object.entries(fields);
  return (value) => {
    if (typeof value !== "object" || value === null) return false;
    return checks.every(([name, isRight]) => isRight(Reflect.get(value, name)));
  };
}

/** One of several shapes, told apart by one field. */
function oneOf(tag: string, shapes: Readonly<Record<string, Fields>>): (value: unknown) => boolean {
  const checks = new Map(Object.entries(shapes).map(([name, fields]) => [name, has(fields)] as const));
  return (value) => {
    if (typeof value !== "object" || value === null) return false;
    const name: unknown = Reflect.get(value, tag);
    return typeof name === "string" && checks.get(name)?.(value) === true;
  };
}

const isMissingOr =
  (isOne: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    value === undefined || isOne(value);

const isMembers = has({ voters: isListOf(isText), learners: isListOf(isText) });
const isEntryKind = (value: unknown): boolean => value === "noop" || value === "command" || value === "members";
const isEntry = has({ index: isCount, term: isCount, kind: isEntryKind, payload: isText });

const isOperation = oneOf("op", {
  put: { key: isText, value: isText, lease: isMissingOr(isCount) },
  delete: { key: isText },
});
const isCommand = oneOf("op", {
  txn: { compare: isListOf(has({ key: isText, modRevision: isCount })), operations: isListOf(isOperation) },
  grant: { ttlMs: isPositive },
  revoke: { lease: isCount },
});
const isRequest = oneOf("kind", {
  openSession: {},
  write: { session: isCount, sequence: isCount, acknowledged: isCount, command: isCommand },
  read: { query: has({ key: isText, prefix: isFlag }), stale: isFlag },
  keepAlive: { lease: isCount },
  changeMembers: { members: isMembers },
  transfer: { to: isText },
});
const isRecord = has({
  key: isText,
  value: isText,
  createRevision: isCount,
  modRevision: isCount,
  version: isCount,
  lease: isCount,
});
const isReply = oneOf("kind", {
  result: { result: has({ ok: isFlag, revision: isCount }) },
  view: { view: has({ revision: isCount, records: isListOf(isRecord) }) },
  alive: { ttlMs: isPositive },
  accepted: {},
  refused: { code: isText, why: isText },
});

const vote: Fields = { term: isCount, lastIndex: isCount, lastTerm: isCount, transfer: isFlag };
const voteReply: Fields = { term: isCount, granted: isFlag };
const isMessage = oneOf("kind", {
  preVote: vote,
  vote,
  preVoteReply: voteReply,
  voteReply,
  append: {
    term: isCount,
    prevIndex: isCount,
    prevTerm: isCount,
    entries: isListOf(isEntry),
    commit: isCount,
    round: isCount,
  },
  appendReply: {
    term: isCount,
    ok: isFlag,
    index: isCount,
    hintTerm: isCount,
    refused: isCount,
    round: isCount,
    boot: isCount,
  },
  snapshot: {
    term: isCount,
    index: isCount,
    snapshotTerm: isCount,
    members: isMembers,
    offset: isCount,
    total: isCount,
    data: isText,
    round: isCount,
  },
  snapshotReply: { term: isCount, index: isCount, offset: isCount, done: isFlag, round: isCount, boot: isCount },
  timeoutNow: { term: isCount },
  recover: { term: isCount, boot: isCount },
  recoverReply: { term: isCount, boot: isCount, index: isCount },
  forward: { id: isCount, request: isRequest },
  forwardReply: { id: isCount, reply: isReply },
});

export function isReplicaMessage(value: unknown): value is ReplicaMessage {
  return isMessage(value);
}
