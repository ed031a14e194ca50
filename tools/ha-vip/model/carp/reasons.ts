import { defineCatalogue } from "../../../../shared/reason/catalogue.ts";

/** What ha-vip can say about a CARP group. */
export const carpReasons = defineCatalogue({
  VIP_CARP_STARTED: {
    severity: "info",
    sentence: "{name} listens for a master of CARP group {vhid} on {device} (advbase {base}, advskew {skew})",
  },
  VIP_CARP_MASTER_LOST: {
    severity: "warning",
    sentence: "{name}: no advert from {master} for {silentMs} ms, so this host takes over",
  },
  VIP_CARP_NO_MASTER: { severity: "notice", sentence: "{name}: nobody speaks as master, so this host takes over" },
  VIP_CARP_MASTER_LEFT: {
    severity: "notice",
    sentence: "{name}: {master} gives the address up, so this host takes over",
  },
  VIP_CARP_PREEMPTS: {
    severity: "notice",
    sentence: "{name}: takes over from {master}, which speaks every {theirsMs} ms; this host every {oursMs} ms",
  },
  VIP_CARP_BECAME_MASTER: { severity: "notice", sentence: "{name}: this host holds {addresses}" },
  VIP_CARP_YIELDED: {
    severity: "notice",
    sentence: "{name}: {master} speaks every {theirsMs} ms and takes over from this host with {oursMs} ms",
    why: "in CARP the host that speaks most often is master; with equal intervals the lower address is",
  },
  VIP_CARP_TWO_MASTERS: {
    severity: "warning",
    sentence: "{name}: {master} speaks as master too, every {theirsMs} ms; this host stays with {oursMs} ms",
    fix: "find out why packets between the two hosts were lost",
  },
  VIP_CARP_FAULT: { severity: "error", sentence: "{name}: can't serve here: {faults}" },
  VIP_CARP_MENDED: { severity: "notice", sentence: "{name}: can serve here again" },
  VIP_CARP_STOPPED: { severity: "notice", sentence: "{name}: stopped; {role} no more" },
  VIP_CARP_BAD_PACKET: {
    severity: "warning",
    sentence: "{name}: ignored a packet from {source}: {detail}",
    fix: "compare vhid, password and addresses of all hosts of the group",
  },
  VIP_CARP_SEND_FAILED: { severity: "warning", sentence: "{name}: adverts can't be sent: {detail}" },
  VIP_CARP_ADDRESS_REFUSED: { severity: "error", sentence: "{name}: the kernel refuses {what}: {detail}" },
});
