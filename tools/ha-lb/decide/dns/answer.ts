/** What a reply means for the question that was asked. Pure. */
import type { IpAddress } from "../../model/ip.ts";
import { type DnsRecord, isAskable, type Question, type Reply, typeNumber } from "./message.ts";

/** A place where a service runs (SRV). */
export interface Service {
  readonly target: string;
  readonly port: number;
  /** 0 to 65535, as the record has it. */
  readonly weight: number;
  /** Addresses that came along; often none. */
  readonly addresses: readonly IpAddress[];
}

/** `empty`: the name is there, but without records of this type. The others as `hold` names them. */
export type Failure = "nx" | "refused" | "timeout" | "empty" | "other";

export type Answer =
  | { readonly kind: "addresses"; readonly addresses: readonly IpAddress[] }
  | { readonly kind: "services"; readonly services: readonly Service[] }
  | { readonly kind: "failure"; readonly failure: Failure };

/** Aliases in a row that are followed. */
const MOST_ALIASES = 16;
const CODE_NO_SUCH_NAME = 3;
const CODE_REFUSED = 5;

/** Is this a reply to what was asked? A forged one has to guess name, type and id. */
export function isReplyTo(reply: Reply, id: number, question: Question): boolean {
  const asked = question.name.replace(/\.$/, "").toLowerCase();
  return reply.id === id && reply.question.name === asked && reply.question.typeNumber === typeNumber(question.type);
}

export function answerOf(reply: Reply, question: Question): Answer {
  if (reply.code === CODE_NO_SUCH_NAME) return { kind: "failure", failure: "nx" };
  if (reply.code === CODE_REFUSED) return { kind: "failure", failure: "refused" };
  if (reply.code !== 0) return { kind: "failure", failure: "other" };
  const owner = ownerAtEnd(reply.answers, question.name.replace(/\.$/, "").toLowerCase());
  if (question.type === "SRV") {
    const services = servicesOf(reply, owner);
    return services.length > 0 ? { kind: "services", services } : { kind: "failure", failure: "empty" };
  }
  const family = question.type === "A" ? 4 : 6;
  const addresses = addressesOf(reply.answers, owner).filter((address) => address.family === family);
  return addresses.length > 0 ? { kind: "addresses", addresses } : { kind: "failure", failure: "empty" };
}

/** The name that aliases lead to. */
function ownerAtEnd(records: readonly DnsRecord[], name: string): string {
  let owner = name;
  for (let count = 0; count < MOST_ALIASES; count += 1) {
    const next = records.find((record) => record.kind === "alias" && record.owner === owner);
    if (next?.kind !== "alias") return owner;
    owner = next.target;
  }
  return owner;
}

function addressesOf(records: readonly DnsRecord[], owner: string): readonly IpAddress[] {
  const found: IpAddress[] = [];
  for (const record of records) {
    if (record.kind !== "address" || record.owner !== owner) continue;
    if (!found.some((address) => address.equals(record.address))) found.push(record.address);
  }
  return found;
}

/** Services, without those that say "not here" (target `.`) and repetitions. */
function servicesOf(reply: Reply, owner: string): readonly Service[] {
  const found = new Map<string, Service>();
  for (const record of reply.answers) {
    if (record.kind !== "service" || record.owner !== owner || record.port === 0) continue;
    // `.` says that there is none. Whatever else isn't a name would only reach logs.
    if (!isAskable(record.target)) continue;
    const { target, port, weight } = record;
    const key = `${target}:${port}`;
    if (!found.has(key)) found.set(key, { target, port, weight, addresses: addressesOf(reply.additional, target) });
  }
  return [...found.values()];
}
