import { defineCatalogue } from "../../../../shared/reason/catalogue.ts";

/** What ha-vip can say about BGP sessions and what they announce. */
export const bgpReasons = defineCatalogue({
  VIP_BGP_UP: { severity: "notice", sentence: "BGP with {peer} (AS {as}) is up, hold time {holdS} s" },
  VIP_BGP_DOWN: { severity: "warning", sentence: "BGP with {peer} is down: {why}; next attempt in {retryMs} ms" },
  VIP_BGP_REFUSED: {
    severity: "error",
    sentence: "BGP with {peer}: it ended the session because of {why} {text}",
    fix: "compare AS numbers, addresses and password on both sides",
  },
  VIP_BGP_MISTAKE: { severity: "error", sentence: "BGP with {peer}: this host ended the session because of {why}" },
  VIP_BGP_NO_NEXT_HOP: {
    severity: "warning",
    sentence: "{prefix} isn't announced to {peer}: the session is IPv{family}, and no nextHop is configured",
    fix: "give the peer a nextHop of the other family, or a second session",
  },
  VIP_BGP_NO_FAMILY: {
    severity: "warning",
    sentence: "{prefix} isn't announced to {peer}: it doesn't take IPv{family} routes",
    fix: "configure that address family for this session on the router",
  },
  VIP_BGP_ANNOUNCED: { severity: "notice", sentence: "{name}: announced to {peers}" },
  VIP_BGP_WAITS: { severity: "notice", sentence: "{name}: announced as soon as there is a BGP session that takes it" },
  VIP_BGP_FAULT: { severity: "error", sentence: "{name}: withdrawn, because it can't be served here: {faults}" },
  VIP_BGP_LEAVING: {
    severity: "notice",
    sentence: "{name}: marked as leaving (graceful shutdown) for {drainMs} ms, then withdrawn",
  },
  VIP_BGP_ADDRESS_REFUSED: { severity: "error", sentence: "{name}: the kernel refuses {what}: {detail}" },
  VIP_BFD_REFUSED: {
    severity: "error",
    sentence: "no BFD with {peer}: {detail}",
    why: "without it a peer that is gone is noticed only when the hold time is over",
    fix: "stop the other program that has UDP port 3784, or let that one do BFD, and reload",
  },
  VIP_BFD_UP: { severity: "notice", sentence: "BFD with {peer} is up, asked for every {intervalMs} ms" },
  VIP_BFD_DOWN: { severity: "warning", sentence: "BFD with {peer} is down: {why}" },
});
