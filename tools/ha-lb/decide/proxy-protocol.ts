/** The PROXY protocol, versions 1 and 2 (haproxy.org, proxy-protocol.txt). Pure. */
import { parseIp } from "../model/ip.ts";

export interface ProxyHeader {
  /** Absent for LOCAL and UNKNOWN: the connection's own addresses count. */
  readonly source: string | undefined;
  readonly sourcePort: number;
  readonly destination: string | undefined;
  readonly destinationPort: number;
  readonly authority: string | undefined;
  readonly uniqueId: string | undefined;
  /** Bytes it took. */
  readonly byteLength: number;
}

const SIGNATURE = "\r\n\r\n\0\r\nQUIT\n";
/** The longest line of version 1, with its end. */
const MOST_LINE_BYTES = 107;
const FIXED_BYTES = 16;
/** More than all known fields need. */
const MOST_V2_BYTES = 4096;

const TLV_AUTHORITY = 2;
const TLV_UNIQUE_ID = 5;

const NO_ADDRESS = {
  source: undefined,
  sourcePort: 0,
  destination: undefined,
  destinationPort: 0,
  authority: undefined,
  uniqueId: undefined,
};

/** Reads the header at the start of `bytes` (a byte string): it, `more` when it isn't complete, `bad` otherwise. */
export function readProxyHeader(bytes: string): ProxyHeader | "more" | "bad" {
  const start = bytes.slice(0, SIGNATURE.length);
  if (SIGNATURE.startsWith(start)) return start.length < SIGNATURE.length ? "more" : readVersion2(bytes);
  if (bytes.startsWith("PROXY ") || "PROXY ".startsWith(bytes)) return readVersion1(bytes);
  return "bad";
}

function readVersion1(bytes: string): ProxyHeader | "more" | "bad" {
  const end = bytes.indexOf("\r\n");
  if (end < 0) return bytes.length >= MOST_LINE_BYTES ? "bad" : "more";
  if (end + 2 > MOST_LINE_BYTES) return "bad";
  const byteLength = end + 2;
  const [, family, source = "", destination = "", from = "", to = "", ...rest] = bytes.slice(0, end).split(" ");
  if (family === "UNKNOWN") return { ...NO_ADDRESS, byteLength };
  if ((family !== "TCP4" && family !== "TCP6") || rest.length > 0) return "bad";
  const wanted = family === "TCP4" ? 4 : 6;
  if (parseIp(source)?.family !== wanted || parseIp(destination)?.family !== wanted) return "bad";
  if (!isPort(from) || !isPort(to)) return "bad";
  return { ...NO_ADDRESS, source, destination, sourcePort: Number(from), destinationPort: Number(to), byteLength };
}

function isPort(text: string): boolean {
  return /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) < 65_536;
}

const byteAt = (bytes: string, at: number): number => bytes.charCodeAt(at) & 255;
const wordAt = (bytes: string, at: number): number => byteAt(bytes, at) * 256 + byteAt(bytes, at + 1);

function readVersion2(bytes: string): ProxyHeader | "more" | "bad" {
  if (bytes.length < FIXED_BYTES) return "more";
  const command = byteAt(bytes, 12);
  const family = byteAt(bytes, 13) >> 4;
  const length = wordAt(bytes, 14);
  if (command >> 4 !== 2 || (command & 15) > 1 || length > MOST_V2_BYTES) return "bad";
  const byteLength = FIXED_BYTES + length;
  if (bytes.length < byteLength) return "more";
  const isLocal = (command & 15) === 0;
  const size = family === 1 ? 4 : family === 2 ? 16 : 0;
  const used = size === 0 ? 0 : size * 2 + 4;
  if (length < used) return "bad";
  const tlvs = readTlvs(bytes, FIXED_BYTES + used, byteLength);
  if (isLocal || size === 0) return { ...NO_ADDRESS, ...tlvs, byteLength };
  return {
    source: addressText(bytes, FIXED_BYTES, size),
    destination: addressText(bytes, FIXED_BYTES + size, size),
    sourcePort: wordAt(bytes, FIXED_BYTES + size * 2),
    destinationPort: wordAt(bytes, FIXED_BYTES + size * 2 + 2),
    ...tlvs,
    byteLength,
  };
}

function addressText(bytes: string, at: number, size: number): string {
  if (size === 4) return [0, 1, 2, 3].map((index) => byteAt(bytes, at + index)).join(".");
  const groups: string[] = [];
  for (let index = 0; index < 16; index += 2) groups.push(wordAt(bytes, at + index).toString(16));
  return parseIp(groups.join(":"))?.toString() ?? groups.join(":");
}

function readTlvs(
  bytes: string,
  from: number,
  end: number,
): { authority: string | undefined; uniqueId: string | undefined } {
  let authority: string | undefined;
  let uniqueId: string | undefined;
  for (let at = from; at + 3 <= end;) {
    const length = wordAt(bytes, at + 1);
    if (at + 3 + length > end) break;
    const value = bytes.slice(at + 3, at + 3 + length);
    if (byteAt(bytes, at) === TLV_AUTHORITY) authority = value;
    if (byteAt(bytes, at) === TLV_UNIQUE_ID) uniqueId = value;
    at += 3 + length;
  }
  return { authority, uniqueId };
}

/** The header for a server, as a byte string. */
export function writeProxyHeader(
  version: 1 | 2,
  source: string,
  sourcePort: number,
  destination: string,
  destinationPort: number,
): string {
  const from = parseIp(source);
  const to = parseIp(destination);
  if (from === undefined || to === undefined) {
    return version === 1 ? "PROXY UNKNOWN\r\n" : `${SIGNATURE}\x20\x00\x00\x00`;
  }
  const isIpv4 = from.family === 4 && to.family === 4;
  const one = isIpv4 ? from : from.toIpv6();
  const other = isIpv4 ? to : to.toIpv6();
  if (version === 1) {
    return `PROXY ${isIpv4 ? "TCP4" : "TCP6"} ${one.toString()} ${other.toString()} ${sourcePort} ${destinationPort}\r\n`;
  }
  const word = (value: number) => String.fromCharCode((value >> 8) & 255, value & 255);
  const length = isIpv4 ? 12 : 36;
  const head = `${SIGNATURE}\x21${isIpv4 ? "\x11" : "\x21"}${word(length)}`;
  return head + one.toBytes() + other.toBytes() + word(sourcePort) + word(destinationPort);
}
