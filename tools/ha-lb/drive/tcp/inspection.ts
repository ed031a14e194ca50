/**
 * What rules decide about a session of `mode tcp` before it gets a server: `tcp-request connection`, `session` and
 * `content`, and `use_backend`. Content rules may wait for the client's first bytes, at most for `inspect-delay`.
 */
import type { Verdict as RuleVerdict } from "../../decide/rules/verdict.ts";
import type { BackendRuntime, FrontendRuntime } from "../runtime.ts";
import type { TcpStream } from "./stream.ts";

export type Verdict =
  | { readonly kind: "wait" }
  | { readonly kind: "refuse" }
  /** The rules go on when this name was looked up. */
  | Question
  | { readonly kind: "go"; readonly backend: BackendRuntime | undefined };

/** A name whose address a rule wants to know. */
export type Question = Extract<RuleVerdict, { readonly kind: "look-up" }>;

const WAIT: Verdict = { kind: "wait" };
const REFUSE: Verdict = { kind: "refuse" };
const TLS_HANDSHAKE = 0x16;
const RECORD_HEADER_BYTES = 5;

/** No further byte changes what the rules read: a whole first TLS record, or a whole first line of something else. */
function isWhole(buffer: string): boolean {
  if (buffer.charCodeAt(0) !== TLS_HANDSHAKE) return buffer.includes("\n");
  if (buffer.length < RECORD_HEADER_BYTES) return false;
  return buffer.length >= RECORD_HEADER_BYTES + buffer.charCodeAt(3) * 256 + buffer.charCodeAt(4);
}

/**
 * @param ended nothing more will come: the delay is over or the client has said all
 */
export function inspect(
  frontend: FrontendRuntime,
  stream: TcpStream,
  buffered: string,
  ended: boolean,
  find: (name: string) => BackendRuntime | undefined,
): Verdict {
  const { proxy, rules } = frontend;
  const waits = proxy.tcpRules.inspectDelayMs !== undefined && !ended;
  stream.inspectionEnded = !waits;
  if (rules.hasContentRules) {
    stream.lookedAtBytes = false;
    const verdict = rules.onContent(stream);
    const settled = !waits || !stream.lookedAtBytes || isWhole(buffered);
    const accepts = verdict?.kind === "accept";
    if (!accepts && !settled) {
      // Asked again, they begin anew.
      stream.resume = undefined;
      return WAIT;
    }
    if (verdict?.kind === "look-up") return verdict;
    if (verdict !== undefined && !accepts) return REFUSE;
  }
  stream.lookedAtBytes = false;
  const backend = choose(frontend, stream, find);
  if (waits && stream.lookedAtBytes && !isWhole(buffered) && !rules.hasContentRules) return WAIT;
  return { kind: "go", backend };
}

/** Content rules of a backend with a section of its own; they wait for no bytes. */
export function askBackend(
  backend: BackendRuntime,
  frontend: FrontendRuntime,
  view: () => TcpStream,
): Question | "refuse" | "go" {
  if (!backend.rules.hasContentRules || backend.proxy === frontend.proxy) return "go";
  const stream = view();
  stream.backendRuntime = backend;
  stream.inspectionEnded = true;
  const verdict = backend.rules.onContent(stream);
  if (verdict?.kind === "look-up") return verdict;
  return verdict === undefined || verdict.kind === "accept" ? "go" : "refuse";
}

function choose(
  frontend: FrontendRuntime,
  stream: TcpStream,
  find: (name: string) => BackendRuntime | undefined,
): BackendRuntime | undefined {
  for (const rule of frontend.rules.useBackend) {
    // A computed name that no backend has leaves the choice to the default.
    if (rule.when(stream)) return find(rule.name(stream)) ?? frontend.defaultBackend;
  }
  return frontend.defaultBackend;
}
