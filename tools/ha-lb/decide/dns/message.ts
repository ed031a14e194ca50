/**
 * Questions and answers of DNS, as a balancer needs them: A, AAAA and SRV. Pure; whatever bytes come, decoding ends.
 * Source: RFC 1035 section 4, RFC 2782 (SRV), RFC 6891 (EDNS0).
 */
import { IpAddress } from "../../model/ip.ts";

export type QuestionType = "A" | "AAAA" | "SRV";

export interface Question {
  /** Without the dot at the end. */
  readonly name: string;
  readonly type: QuestionType;
}

export type DnsRecord =
  | { readonly kind: "address"; readonly owner: string; readonly address: IpAddress }
  | { readonly kind: "alias"; readonly owner: string; readonly target: string }
  | {
      readonly kind: "service";
      readonly owner: string;
      readonly target: string;
      readonly port: number;
      readonly priority: number;
      readonly weight: number;
    };

export interface Reply {
  readonly id: number;
  /** It didn't fit: the whole is to be had over TCP. */
  readonly truncated: boolean;
  /** RCODE: 0 no error, 3 no such name, 5 refused. */
  readonly code: number;
  readonly question: { readonly name: string; readonly typeNumber: number };
  readonly answers: readonly DnsRecord[];
  readonly additional: readonly DnsRecord[];
}

const TYPE_NUMBER: Readonly<Record<QuestionType, number>> = { A: 1, AAAA: 28, SRV: 33 };
const TYPE_ALIAS = 5;
const TYPE_OPTIONS = 41;
const CLASS_INTERNET = 1;

const HEADER_BYTES = 12;
const MOST_NAME_BYTES = 255;
const MOST_LABEL_BYTES = 63;
/** A name of 255 bytes has no more labels than this. */
const MOST_LABELS = 128;
/** Records of an answer that are looked at; a reply of 64 KB could hold thousands. */
const MOST_RECORDS = 1024;

export function typeNumber(type: QuestionType): number {
  return TYPE_NUMBER[type];
}

/** May this name be asked? Its labels have 1 to 63 bytes, all together at most 255 with their lengths. */
export function isAskable(name: string): boolean {
  const labels = name.replace(/\.$/, "").split(".");
  return (
    labels.every((label) => label.length > 0 && label.length <= MOST_LABEL_BYTES && /^[\x21-\x7e]+$/.test(label)) &&
    labels.reduce((sum, label) => sum + label.length + 1, 1) <= MOST_NAME_BYTES
  );
}

/** A query that asks for recursion and says how large an answer may be (EDNS0). The name must be askable. */
export function encodeQuery(id: number, { name, type }: Question, payloadBytes: number): Uint8Array {
  if (!isAskable(name)) throw new Error(`'${name}' is no name that can be asked for`);
  const bytes: number[] = [id >> 8, id & 255, 0x01, 0, 0, 1, 0, 0, 0, 0, 0, 1];
  for (const label of name.replace(/\.$/, "").split(".")) {
    bytes.push(label.length);
    for (let index = 0; index < label.length; index += 1) bytes.push(label.charCodeAt(index));
  }
  bytes.push(0, 0, TYPE_NUMBER[type], 0, CLASS_INTERNET);
  bytes.push(0, 0, TYPE_OPTIONS, payloadBytes >> 8, payloadBytes & 255, 0, 0, 0, 0, 0, 0);
  return Uint8Array.from(bytes);
}

/** Thrown inside only: the message ends too early or makes no sense. */
class Malformed extends Error {}

class Reader {
  at = 0;
  constructor(readonly bytes: Uint8Array) {}

  byte(): number {
    const value = this.bytes[this.at];
    if (value === undefined) throw new Malformed("the message ends early");
    this.at += 1;
    return value;
  }
  short(): number {
    return this.byte() * 256 + this.byte();
  }
  word(): number {
    return this.short() * 65_536 + this.short();
  }

  /** A name in lower case, without the dot at the end. Pointers may lead backwards only, so that they end. */
  name(): string {
    const labels: string[] = [];
    let used = 1;
    let from = this.at;
    let end: number | undefined;
    let lowest = from;
    for (let count = 0; count < MOST_LABELS * 2; count += 1) {
      const length = this.bytes[from];
      if (length === undefined) throw new Malformed("a name ends early");
      if (length === 0) {
        this.at = end ?? from + 1;
        return labels.join(".");
      }
      if (length >= 0xc0) {
        const low = this.bytes[from + 1];
        if (low === undefined) throw new Malformed("a pointer ends early");
        const target = (length & 0x3f) * 256 + low;
        end ??= from + 2;
        if (target >= lowest || target < HEADER_BYTES) throw new Malformed("a pointer doesn't lead backwards");
        from = target;
        lowest = target;
        continue;
      }
      if (length > MOST_LABEL_BYTES || from + 1 + length > this.bytes.length)
        throw new Malformed("a label is too long");
      used += length + 1;
      if (used > MOST_NAME_BYTES) throw new Malformed("a name is too long");
      labels.push(String.fromCharCode(...this.bytes.subarray(from + 1, from + 1 + length)).toLowerCase());
      from += 1 + length;
    }
    throw new Malformed("a name has too many labels");
  }
}

/** @returns the reply, or undefined when the bytes are no answer to one question */
export function decodeReply(bytes: Uint8Array): Reply | undefined {
  try {
    return readReply(new Reader(bytes));
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

function readReply(reader: Reader): Reply | undefined {
  const id = reader.short();
  const flags = reader.short();
  const [questions, answers, authorities, additional] = [
    reader.short(),
    reader.short(),
    reader.short(),
    reader.short(),
  ];
  const isAnswer = (flags & 0x8000) !== 0;
  const operation = (flags >> 11) & 15;
  if (!isAnswer || operation !== 0 || questions !== 1) return undefined;
  const name = reader.name();
  const type = reader.short();
  if (reader.short() !== CLASS_INTERNET) return undefined;
  const head = { id, truncated: (flags & 0x0200) !== 0, code: flags & 15, question: { name, typeNumber: type } };
  // What was cut off may end anywhere: it is asked for again, over TCP.
  if (head.truncated) return { ...head, answers: [], additional: [] };
  if (answers + authorities + additional > MOST_RECORDS) return undefined;
  const own = readRecords(reader, answers);
  readRecords(reader, authorities);
  return { ...head, answers: own, additional: readRecords(reader, additional) };
}

function readRecords(reader: Reader, count: number): readonly DnsRecord[] {
  const records: DnsRecord[] = [];
  for (let index = 0; index < count; index += 1) {
    const owner = reader.name();
    const type = reader.short();
    const isInternet = reader.short() === CLASS_INTERNET;
    reader.word();
    const length = reader.short();
    const end = reader.at + length;
    if (end > reader.bytes.length) throw new Malformed("a record is longer than the message");
    const record = isInternet ? readRecord(reader, owner, type, length) : undefined;
    if (record !== undefined) {
      if (reader.at !== end) throw new Malformed("a record's length is wrong");
      records.push(record);
    }
    reader.at = end;
  }
  return records;
}

function readRecord(reader: Reader, owner: string, type: number, length: number): DnsRecord | undefined {
  switch (type) {
    case TYPE_NUMBER.A:
      if (length !== 4) throw new Malformed("an address has a wrong length");
      return { kind: "address", owner, address: new IpAddress(4, [reader.word()]) };
    case TYPE_NUMBER.AAAA:
      if (length !== 16) throw new Malformed("an address has a wrong length");
      return {
        kind: "address",
        owner,
        address: new IpAddress(6, [reader.word(), reader.word(), reader.word(), reader.word()]),
      };
    case TYPE_ALIAS:
      return { kind: "alias", owner, target: reader.name() };
    case TYPE_NUMBER.SRV: {
      const [priority, weight, port] = [reader.short(), reader.short(), reader.short()];
      return { kind: "service", owner, priority, weight, port, target: reader.name() };
    }
    default:
      return undefined;
  }
}
