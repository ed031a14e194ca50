/** Texts that a schema has read once already, as values: a text it should have refused is a fault of the program. */
import { type IpAddress, parseAddress } from "../../../shared/text/address.ts";
import { type IpPrefix, parsePrefix } from "../../../shared/text/prefix.ts";
import type { Parsed } from "../../../shared/text/parsed.ts";

function passed<Value>(text: string, read: Parsed<Value>): Value {
  if (!read.ok) throw new Error(`the schema let ${text} through`);
  return read.value;
}

export function passedAddress(text: string): IpAddress {
  return passed(text, parseAddress(text));
}

/** An address without a length is a single one. */
export function passedPrefix(text: string): IpPrefix {
  return passed(text, parsePrefix(text));
}
