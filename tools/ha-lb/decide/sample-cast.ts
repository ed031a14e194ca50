import { IpAddress, parseIp } from "../model/ip.ts";
import { Binary, type SampleValue } from "../model/value.ts";

const HEX = "0123456789abcdef";

/** Upper-case hexadecimal of each byte, as the reference prints binary samples. */
export function hexOf(bytes: string): string {
  let text = "";
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes.charCodeAt(index);
    text += HEX.charAt((byte >> 4) & 15) + HEX.charAt(byte & 15);
  }
  return text.toUpperCase();
}

/** 64-bit integers saturate; the greatest one has no exact number here, so its text is written out. */
function integerText(value: number): string {
  if (value >= 2 ** 63) return "9223372036854775807";
  return value <= -(2 ** 63) ? "-9223372036854775808" : String(value);
}

/** The text of a sample: bytes as they are, truth as 0 or 1. */
export function toText(value: SampleValue): string {
  if (typeof value === "string") return value;
  if (typeof value === "number") return integerText(value);
  if (typeof value === "boolean") return value ? "1" : "0";
  if (value instanceof Binary) return value.bytes;
  return value.toString();
}

/** The integer a text starts with (0 when there is none); an address's 32 bits; undefined when there is no cast. */
export function toInteger(value: SampleValue): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "string") return parseInteger(value);
  if (value instanceof Binary) return undefined;
  return value.family === 4 ? value.words[0] : undefined;
}

function parseInteger(text: string): number {
  const found = /^[ \t]*([+-]?\d{1,19})/.exec(text);
  return found === null ? 0 : Number(found[1]);
}

export function toBoolean(value: SampleValue): boolean | undefined {
  const number = toInteger(value);
  return number === undefined ? undefined : number !== 0;
}

export function toAddress(value: SampleValue): IpAddress | undefined {
  if (value instanceof IpAddress) return value;
  if (typeof value === "string") return parseIp(value);
  if (typeof value === "number") return new IpAddress(4, [value >>> 0]);
  return undefined;
}

/** The bytes of a sample: text as it is, addresses in network order, integers as 64 bits in network order. */
export function toBytes(value: SampleValue): string {
  if (typeof value === "string") return value;
  if (value instanceof Binary) return value.bytes;
  if (value instanceof IpAddress) return value.toBytes();
  return integerBytes(typeof value === "number" ? value : value ? 1 : 0);
}

function integerBytes(value: number): string {
  const wide = BigInt.asUintN(64, BigInt(Math.trunc(value)));
  let bytes = "";
  for (let shift = 56n; shift >= 0n; shift -= 8n) bytes += String.fromCharCode(Number((wide >> shift) & 255n));
  return bytes;
}
