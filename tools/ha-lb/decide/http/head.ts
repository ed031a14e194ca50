/**
 * The head of an HTTP/1.x message, kept as one byte string with the places of its fields: most messages pass
 * through unchanged, and then nothing but that string is ever made. Editing turns it into lists, on demand.
 */
import type { HeaderView } from "../../model/sample-context.ts";

/** What the scanner noticed about a message. */
export const HEAD = {
  /** `Connection` names close, keep-alive, upgrade. */
  CLOSE: 1,
  KEEP_ALIVE: 2,
  UPGRADE_TOKEN: 4,
  CHUNKED: 8,
  HAS_LENGTH: 16,
  HAS_HOST: 32,
  EXPECT_CONTINUE: 64,
  HAS_UPGRADE: 128,
  /** There is a header that belongs to one connection only: Connection, Keep-Alive, Proxy-Connection. */
  HOP_BY_HOP: 256,
  HAS_COOKIE: 512,
  HAS_TRANSFER_ENCODING: 1024,
  /** A transfer coding other than chunked. */
  OTHER_CODING: 2048,
} as const;

const FIELD = 4;
const FIRST_CAPACITY = 16;

export class Head implements HeaderView {
  /** The whole head, from the start line to the empty line. */
  raw = "";
  /** Bytes of it; more than `raw.length` when empty lines came before. */
  byteLength = 0;
  flags = 0;
  /** 0 for HTTP/1.0, 1 for HTTP/1.1. */
  minor = 1;
  contentLength = 0;
  method = "";
  target = "";
  status = 0;
  reason = "";
  /** Where the first field starts in `raw`. */
  fieldsStart = 0;
  count = 0;
  /** Four places per field: name start and end, value start and end. */
  places = new Uint32Array(FIRST_CAPACITY * FIELD);
  private names: string[] | undefined;
  private contents: string[] = [];
  private startLineChanged = false;

  /** Room for one more field. */
  grow(): void {
    const larger = new Uint32Array(this.places.length * 2);
    larger.set(this.places);
    this.places = larger;
  }

  reset(): void {
    this.names = undefined;
    this.startLineChanged = false;
    this.flags = 0;
    this.count = 0;
    this.contentLength = 0;
  }

  get edited(): boolean {
    return this.names !== undefined || this.startLineChanged;
  }

  get version(): string {
    return this.minor === 1 ? "1.1" : "1.0";
  }

  all(lowerName: string): readonly string[] {
    const found: string[] = [];
    if (this.names !== undefined) {
      for (let index = 0; index < this.names.length; index += 1) {
        if (this.names[index]?.toLowerCase() === lowerName) found.push(this.contents[index] ?? "");
      }
      return found;
    }
    for (let index = 0; index < this.count; index += 1) {
      if (this.nameIs(index, lowerName)) found.push(this.valueAt(index));
    }
    return found;
  }

  /** The value of the first field of that name. */
  first(lowerName: string): string | undefined {
    if (this.names !== undefined) return this.all(lowerName)[0];
    for (let index = 0; index < this.count; index += 1) {
      if (this.nameIs(index, lowerName)) return this.valueAt(index);
    }
    return undefined;
  }

  *entries(): Iterable<readonly [string, string]> {
    const names = this.names;
    const count = names === undefined ? this.count : names.length;
    for (let index = 0; index < count; index += 1) {
      yield names === undefined
        ? [this.nameAt(index), this.valueAt(index)]
        : [names[index] ?? "", this.contents[index] ?? ""];
    }
  }

  private nameIs(index: number, lowerName: string): boolean {
    const at = index * FIELD;
    const start = this.places[at] ?? 0;
    const end = this.places[at + 1] ?? 0;
    return end - start === lowerName.length && this.raw.slice(start, end).toLowerCase() === lowerName;
  }

  private nameAt(index: number): string {
    const at = index * FIELD;
    return this.raw.slice(this.places[at] ?? 0, this.places[at + 1] ?? 0);
  }

  private valueAt(index: number): string {
    const at = index * FIELD;
    return this.raw.slice(this.places[at + 2] ?? 0, this.places[at + 3] ?? 0);
  }

  /** From places to lists; only messages that are edited pay for it. */
  private lists(): string[] {
    if (this.names !== undefined) return this.names;
    const names: string[] = [];
    const contents: string[] = [];
    for (let index = 0; index < this.count; index += 1) {
      names.push(this.nameAt(index));
      contents.push(this.valueAt(index));
    }
    this.contents = contents;
    this.names = names;
    return names;
  }

  add(name: string, value: string): void {
    this.lists().push(name);
    this.contents.push(value);
  }

  /** Before all others. */
  addFirst(name: string, value: string): void {
    this.lists().unshift(name);
    this.contents.unshift(value);
  }

  /** Removes the fields that `test` (lower-case name, value) tells. */
  remove(test: (lowerName: string, value: string) => boolean): void {
    const names = this.lists();
    let kept = 0;
    for (let index = 0; index < names.length; index += 1) {
      const name = names[index] ?? "";
      const value = this.contents[index] ?? "";
      if (test(name.toLowerCase(), value)) continue;
      names[kept] = name;
      this.contents[kept] = value;
      kept += 1;
    }
    names.length = kept;
    this.contents.length = kept;
  }

  removeNamed(lowerName: string): void {
    if (this.first(lowerName) !== undefined) this.remove((name) => name === lowerName);
  }

  set(name: string, value: string): void {
    this.removeNamed(name.toLowerCase());
    this.add(name, value);
  }

  /** Rewrites the values of the fields of that name. */
  map(lowerName: string, change: (value: string) => string): void {
    const names = this.lists();
    for (let index = 0; index < names.length; index += 1) {
      if (names[index]?.toLowerCase() === lowerName) this.contents[index] = change(this.contents[index] ?? "");
    }
  }

  setRequestLine(method: string, target: string): void {
    this.method = method;
    this.target = target;
    this.startLineChanged = true;
  }

  setStatusLine(status: number, reason: string): void {
    this.status = status;
    this.reason = reason;
    this.startLineChanged = true;
  }

  /** The line as it will be sent, with its line end. */
  requestLine(): string {
    if (!this.startLineChanged) return this.raw.slice(0, this.fieldsStart);
    return `${this.method} ${this.target} HTTP/${this.version}\r\n`;
  }

  private startLine(): string {
    if (!this.startLineChanged) return this.raw.slice(0, this.fieldsStart);
    return this.status === 0
      ? `${this.method} ${this.target} HTTP/${this.version}\r\n`
      : `HTTP/${this.version} ${this.status} ${this.reason}\r\n`;
  }

  /**
   * The head as it is sent on: without fields that belong to the connection it came on, with `extra` (whole lines)
   * at its end. `keepUpgrade` leaves `Connection: upgrade` in place of the one that came.
   */
  render(extra: string, keepUpgrade: boolean): string {
    const own = keepUpgrade ? `${extra}Connection: Upgrade\r\n` : extra;
    if (this.names === undefined) {
      if ((this.flags & HEAD.HOP_BY_HOP) === 0) {
        const fields = this.raw.slice(this.fieldsStart, -2);
        return `${this.startLine()}${fields}${own}\r\n`;
      }
      return `${this.startLine()}${this.endToEnd()}${own}\r\n`;
    }
    let text = this.startLine();
    for (let index = 0; index < this.names.length; index += 1) {
      const name = this.names[index] ?? "";
      if (!isHopByHop(name)) text += `${name}: ${this.contents[index] ?? ""}\r\n`;
    }
    return `${text}${own}\r\n`;
  }

  /** The received lines that go on to the other side. */
  private endToEnd(): string {
    let text = "";
    let start = this.fieldsStart;
    for (let index = 0; index < this.count; index += 1) {
      if (!isHopByHop(this.nameAt(index))) continue;
      text += this.raw.slice(start, this.places[index * FIELD] ?? 0);
      start = index + 1 < this.count ? (this.places[(index + 1) * FIELD] ?? 0) : this.raw.length - 2;
    }
    return text + this.raw.slice(start, -2);
  }
}

/** RFC 9110, section 7.6.1, and the two names of old. */
function isHopByHop(name: string): boolean {
  if (name.length !== 10 && name.length !== 16) return false;
  const lower = name.toLowerCase();
  return lower === "connection" || lower === "keep-alive" || lower === "proxy-connection";
}
