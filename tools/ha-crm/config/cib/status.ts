import type { NvSet } from "../../model/nvset.ts";
import type { HistoryEntry, NodeState, ResourceHistory, TicketState } from "../../model/state.ts";
import { childNamed, childrenNamed, type XmlElement } from "../xml.ts";
import type { CibContext } from "./context.ts";
import { readNvSets } from "./nvsets.ts";

const isTrue = (text: string | undefined) => text !== undefined && /^(true|on|yes|y|1)$/i.test(text);

/** Reads every `<node_state>`. */
export function readNodeStates(context: CibContext, status: XmlElement | undefined): readonly NodeState[] {
  return childrenNamed(status, "node_state").map((element) => readNodeState(context, element));
}

/**
 * Membership is a word (`true`) up to feature set 3.17 and a time in seconds since 1970 after it; 0 and `false` mean
 * that the node is away.
 */
function membership(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  return isTrue(text) || (/^\d+$/.test(text) && Number(text) > 0);
}

function readNodeState(context: CibContext, element: XmlElement): NodeState {
  const get = (name: string) => element.attributes.get(name);
  const transient = childrenNamed(element, "transient_attributes");
  const sets: NvSet[] = transient.flatMap((one) => [...readNvSets(context, one, "instance_attributes")]);
  const resources = childNamed(childNamed(element, "lrm"), "lrm_resources");
  const peer = get("crmd");
  return {
    // A node may be known by its name alone.
    id: get("id") ?? context.need(element, "uname"),
    name: get("uname") ?? get("id") ?? "",
    inCluster: membership(get("in_ccm")),
    peerOnline: peer === "online" || (peer !== undefined && /^\d+$/.test(peer) && Number(peer) > 0),
    join: get("join"),
    expected: get("expected"),
    remoteNode: isTrue(get("remote_node")),
    nodeFenced: isTrue(get("node_fenced")) || Number(get("node_fenced") ?? 0) > 0,
    inMaintenance: isTrue(get("node_in_maintenance")),
    attributes: sets,
    history: childrenNamed(resources, "lrm_resource").map((one) => readHistory(context, one)),
  };
}

function readHistory(context: CibContext, element: XmlElement): ResourceHistory {
  const get = (name: string) => element.attributes.get(name);
  return {
    resource: context.share(context.need(element, "id")),
    class: context.share(get("class")),
    provider: context.share(get("provider")),
    type: context.share(get("type")),
    container: get("container"),
    shutdownLock: whole(get("shutdown-lock"), 0),
    entries: childrenNamed(element, "lrm_rsc_op").map((one) => readEntry(context, one)),
  };
}

/** The action number, transition, expected exit code and owner in a `transition-key`. */
function expectedRc(key: string | undefined): number {
  const found = key === undefined ? null : /^-?\d+:-?\d+:(-?\d+):/.exec(key);
  return found === null ? -1 : Number(found[1]);
}

/** The transition and its owner in a `transition-magic`. */
function transitionOf(magic: string | undefined): HistoryEntry["transition"] {
  const found = magic === undefined ? null : /^-?\d+:-?\d+;-?\d+:(-?\d+):-?\d+:(.*)$/.exec(magic);
  return found === null ? undefined : { id: Number(found[1]), planner: found[2] ?? "" };
}

function words(text: string | undefined): readonly string[] | undefined {
  return text?.split(" ").filter((word) => word !== "");
}

function whole(text: string | undefined, otherwise: number): number {
  const value = text === undefined ? Number.NaN : Number.parseInt(text, 10);
  return Number.isNaN(value) ? otherwise : value;
}

function readEntry(context: CibContext, element: XmlElement): HistoryEntry {
  const get = (name: string) => element.attributes.get(name);
  const changed = get("last-rc-change");
  const id = get("id") ?? "";
  return {
    id,
    operation: context.share(get("operation") ?? ""),
    intervalMs: whole(get("interval"), 0),
    callId: whole(get("call-id"), 0),
    rc: whole(get("rc-code"), 0),
    status: whole(get("op-status"), 0),
    expectedRc: expectedRc(get("transition-key")),
    transition: transitionOf(get("transition-magic")),
    ...(changed === undefined ? {} : { lastRcChange: whole(changed, 0) }),
    migrateSource: get("migrate_source"),
    migrateTarget: get("migrate_target"),
    onNode: get("on_node"),
    operationKey: get("operation_key") ?? id,
    digest: get("op-digest"),
    restartDigest: get("op-restart-digest"),
    restartParameters: words(get("op-force-restart")),
    secureDigest: get("op-secure-digest"),
    secureParameters: words(get("op-secure-params")),
    featureSet: get("crm_feature_set"),
  };
}

/** Reads `<tickets>`; also the old form, a set of attributes. */
export function readTickets(context: CibContext, status: XmlElement | undefined): readonly TicketState[] {
  return childrenNamed(childNamed(status, "tickets"), "ticket_state").map((element) => {
    const granted = element.attributes.get("last-granted");
    return {
      id: context.need(element, "id"),
      granted: isTrue(element.attributes.get("granted")),
      standby: isTrue(element.attributes.get("standby")),
      ...(granted === undefined ? {} : { lastGranted: whole(granted, 0) }),
    };
  });
}
