/** Routing rules in rtnetlink's layout, ip-rule(8): struct fib_rule_hdr and FRA_ attributes. Pure. */
import type { IpPrefix } from "../../text/prefix.ts";
import { addressOf, FAMILY_OF, familyOf, nameOf, present } from "./codec-common.ts";
import {
  attributeNumber,
  attributeText,
  NETLINK_FLAG,
  type NetlinkMessage,
  type NetlinkWriter,
  netlinkRequest,
  readAttributes,
} from "./netlink-message.ts";
import { ROUTE_TABLE } from "./route-codec.ts";

export const RULE_MESSAGE = { NEW: 32, REMOVED: 33, GET: 34 } as const;

const HEADER_BYTES = 12;
const FRA = { DST: 1, SRC: 2, IIFNAME: 3, PRIORITY: 6, FWMARK: 10, TABLE: 15, FWMASK: 16, OIFNAME: 17 } as const;
const RULE_ACTIONS = { lookup: 1, blackhole: 6, unreachable: 7, prohibit: 8 } as const;

/** When a packet matches, which table decides. */
export interface Rule {
  readonly family: 4 | 6;
  readonly priority?: number;
  readonly from?: IpPrefix;
  readonly to?: IpPrefix;
  readonly inputInterface?: string;
  readonly outputInterface?: string;
  readonly firewallMark?: number;
  readonly firewallMask?: number;
  readonly action?: keyof typeof RULE_ACTIONS;
  readonly table?: number;
}

function putRule(writer: NetlinkWriter, rule: Rule): void {
  const table = rule.table ?? (rule.action === undefined || rule.action === "lookup" ? ROUTE_TABLE.main : 0);
  writer
    .u8(FAMILY_OF[rule.family], rule.to?.length ?? 0, rule.from?.length ?? 0, 0)
    .u8(table < 256 ? table : 0, 0, 0, RULE_ACTIONS[rule.action ?? "lookup"])
    .u32(0);
  if (rule.to !== undefined) writer.attribute(FRA.DST, rule.to.address.bytes);
  if (rule.from !== undefined) writer.attribute(FRA.SRC, rule.from.address.bytes);
  if (rule.priority !== undefined) writer.attributeU32(FRA.PRIORITY, rule.priority);
  if (rule.inputInterface !== undefined) writer.attributeText(FRA.IIFNAME, rule.inputInterface);
  if (rule.outputInterface !== undefined) writer.attributeText(FRA.OIFNAME, rule.outputInterface);
  if (rule.firewallMark !== undefined) writer.attributeU32(FRA.FWMARK, rule.firewallMark);
  if (rule.firewallMask !== undefined) writer.attributeU32(FRA.FWMASK, rule.firewallMask);
  if (table >= 256) writer.attributeU32(FRA.TABLE, table);
}

/** EEXIST when the same rule is there. */
export function encodeRuleAdd(sequence: number, rule: Rule): Uint8Array {
  const flags = NETLINK_FLAG.ACK | NETLINK_FLAG.CREATE | NETLINK_FLAG.EXCLUSIVE;
  return netlinkRequest(RULE_MESSAGE.NEW, flags, sequence, (writer) => putRule(writer, rule));
}

/** ENOENT when there is none such. */
export function encodeRuleDelete(sequence: number, rule: Rule): Uint8Array {
  return netlinkRequest(RULE_MESSAGE.REMOVED, NETLINK_FLAG.ACK, sequence, (writer) => putRule(writer, rule));
}

export function encodeRuleDump(sequence: number, family: 4 | 6): Uint8Array {
  return netlinkRequest(RULE_MESSAGE.GET, NETLINK_FLAG.DUMP, sequence, (writer) =>
    writer.u8(FAMILY_OF[family], 0, 0, 0, 0, 0, 0, 0).u32(0),
  );
}

/** Reads a message about a rule; nothing for other families and for broken ones. Never throws. */
export function decodeRule(message: Pick<NetlinkMessage, "body">): Rule | undefined {
  const { body } = message;
  if (body.byteLength < HEADER_BYTES) return undefined;
  const family = familyOf(body[0]);
  if (family === undefined) return undefined;
  const attributes = readAttributes(body.subarray(HEADER_BYTES));
  const to = addressOf(family, attributes.get(FRA.DST));
  const from = addressOf(family, attributes.get(FRA.SRC));
  return {
    family,
    priority: attributeNumber(attributes, FRA.PRIORITY) ?? 0,
    ...present("to", to === undefined ? undefined : { address: to, length: body[1] ?? 0 }),
    ...present("from", from === undefined ? undefined : { address: from, length: body[2] ?? 0 }),
    ...present("inputInterface", attributeText(attributes, FRA.IIFNAME)),
    ...present("outputInterface", attributeText(attributes, FRA.OIFNAME)),
    ...present("firewallMark", attributeNumber(attributes, FRA.FWMARK)),
    ...present("firewallMask", attributeNumber(attributes, FRA.FWMASK)),
    ...present("action", nameOf(RULE_ACTIONS, body[7] ?? 0)),
    table: attributeNumber(attributes, FRA.TABLE) ?? body[4] ?? 0,
  };
}
