import { defineCatalogue } from "../reason/catalogue.ts";

/** What the cluster core has to say: consensus, leases, membership, quorum, disk. */
export const CORE_REASONS = defineCatalogue({
  CORE_ELECTION_STARTED: {
    severity: "notice",
    sentence: "node {node} asks for an election in term {term}",
    why: "it heard no leader for {silentMs} ms",
  },
  CORE_LEADER_ELECTED: { severity: "notice", sentence: "node {node} leads the group in term {term}" },
  CORE_LEADER_FOLLOWED: { severity: "info", sentence: "node {node} follows leader {leader} in term {term}" },
  CORE_LEADER_RESIGNED: {
    severity: "warning",
    sentence: "node {node} gave up leading term {term}",
    why: "{cause}",
  },
  CORE_SELF_LATE: {
    severity: "warning",
    sentence: "node {node} woke {lateMs} ms late and waits before it suspects others",
    why: "its own stall explains the silence as well as a dead leader does",
    fix: "give the daemon real-time priority, or raise the election timeout",
  },
  CORE_RECOVERING: {
    severity: "warning",
    sentence: "node {node} lost its log and catches up before it votes again",
    why: "a node that forgot what it acknowledged could help to elect a leader that lacks it",
  },
  CORE_RECOVERED: { severity: "notice", sentence: "node {node} has caught up to entry {index} and votes again" },
  CORE_MEMBERS_CHANGED: { severity: "notice", sentence: "voters are now {voters}; learners {learners}" },
  CORE_SNAPSHOT_INSTALLED: {
    severity: "info",
    sentence: "node {node} took the state at entry {index} from its leader",
  },
  CORE_NOT_LEADER: { severity: "warning", sentence: "this node doesn't lead; the leader is {leader}" },
  CORE_NO_QUORUM: {
    severity: "error",
    sentence: "no majority answers",
    why: "a write needs more than half of the voters",
    fix: "bring nodes back, or see `members` for who is missing",
  },
  CORE_BUSY: {
    severity: "warning",
    sentence: "the limit of {limit} waiting requests is reached",
    fix: "try again later",
  },
  CORE_CHANGE_REFUSED: { severity: "error", sentence: "the membership change is refused", why: "{cause}" },
  CORE_TIMEOUT: {
    severity: "error",
    sentence: "no answer within {timeoutMs} ms",
    why: "the request may or may not have been carried out; a retry with the same sequence number is safe",
  },
  CORE_LOG_TORN: {
    severity: "notice",
    sentence: "{file}: cut {bytes} bytes of an unfinished write at the end",
    why: "a write that was under way at a power cut was never acknowledged",
  },
  CORE_LOG_CORRUPT: {
    severity: "critical",
    sentence: "{file}: damaged at byte {offset}, and sound records follow",
    why: "what was acknowledged is damaged; cutting it off could lose committed writes",
    fix: "the node sets the file aside and copies the log from its peers; check the disk",
  },
  CORE_DISK_FULL: {
    severity: "critical",
    sentence: "{file}: no space; node {node} acknowledges nothing until there is",
    fix: "free space on the file system of the state directory",
  },
  CORE_QUORUM_GAINED: {
    severity: "notice",
    sentence: "quorum: {votes} votes of {needed} needed, with {present}",
    why: "{rule}",
  },
  CORE_QUORUM_LOST: {
    severity: "critical",
    sentence: "quorum lost: {votes} votes, {needed} needed; only {present} are here",
    why: "{rule}",
    fix: "bring nodes back; what runs here is treated by the no-quorum policy",
  },
  CORE_WAITING_FOR_ALL: {
    severity: "warning",
    sentence: "no quorum before {missing} were seen",
    why: "after a start, another part of the cluster may be at work where this node can't see it",
    fix: "start the missing nodes, or confirm that they are off and cancel the wait",
  },
  CORE_RULES_NAME_TWICE: { severity: "error", sentence: "two voters are called {name}" },
  CORE_RULES_VOTES: { severity: "error", sentence: "{name} has {votes} votes; whole numbers from 0 on are possible" },
  CORE_RULES_EQUAL_VOTES: {
    severity: "error",
    sentence: "last_man_standing needs one vote for each node, and {name} has {votes}",
    why: "what is expected is lowered by counting nodes",
  },
  CORE_RULES_TWO_NODES: { severity: "error", sentence: "{rule} is for two nodes, not for {count}" },
  CORE_RULES_EXCLUDE: {
    severity: "error",
    sentence: "{rule} and {other} exclude each other",
    why: "both decide who stays after the same split, and they might decide differently",
    fix: "choose one of them",
  },
  CORE_RULES_TIE_NODES: {
    severity: "error",
    sentence: "auto_tie_breaker names {names}, and none of them is a node",
    fix: "name nodes of this cluster, or say lowest or highest",
  },
  CORE_EXPECTED_VOTES_LOWERED: {
    severity: "notice",
    sentence: "expected votes go from {from} to {to}",
    why: "the nodes that left have been gone for the whole window, and the rest is quorate",
  },
  CORE_PEER_SUSPECTED: {
    severity: "warning",
    sentence: "nothing heard from {peer} for {silentMs} ms on any link",
    why: "more than {timeoutMs} ms is longer than its heartbeats ever vary",
  },
  CORE_PEER_BACK: { severity: "notice", sentence: "{peer} is heard again on {link}" },
  CORE_LINK_DOWN: { severity: "warning", sentence: "link {link} to {peer} is silent; others still work" },
  CORE_LINK_ONE_WAY: {
    severity: "warning",
    sentence: "{peer} is heard on {link}, but doesn't hear this node there",
    fix: "check firewall rules and switches between the two",
  },
  CORE_MEMBER_EXCLUDED: {
    severity: "error",
    sentence: "{peer} is out: only {supporters} of {needed} nodes hear it both ways",
    why: "a node that the majority can't talk with in both directions can't be worked with",
  },
  CORE_PEER_FLAPPING: {
    severity: "warning",
    sentence: "{peer} comes and goes; it is not taken back before it was steady for {waitMs} ms",
  },
  CORE_FENCING_ASKED: {
    severity: "critical",
    sentence: "{peer} is to be fenced",
    why: "it has been out of everybody's sight for {outMs} ms, and what it runs can only be taken over when it is surely down",
  },
  CORE_DISK_VOTE_GAINED: { severity: "notice", sentence: "the witness disk votes for {node}, by claim {epoch}" },
  CORE_DISK_VOTE_LOST: {
    severity: "warning",
    sentence: "the witness disk doesn't vote for {node} any more",
    why: "{cause}",
  },
  CORE_DISK_UNREACHABLE: {
    severity: "error",
    sentence: "{node} can't read or write its witness disk: {detail}",
    fix: "look at the paths to the disk; without it the two nodes need each other",
  },
  CORE_DISK_NODES: {
    severity: "error",
    sentence: "a witness disk is for two nodes; {nodes} were named",
    fix: "name both: --node NAME --node NAME. Three and more nodes need no witness: they have a majority of their own",
  },
  CORE_DISK_UNUSABLE: {
    severity: "error",
    sentence: "{path} can't be used as a witness disk: {detail}",
    fix: "give a disk or file that takes direct I/O; one that isn't empty must be emptied by you: wipefs --all, or dd if=/dev/zero bs=4096 count=5",
  },
  CORE_DISK_HANGS: {
    severity: "error",
    sentence: "the witness disk of {node} has not answered for {silentMs} ms",
    why: "its vote ends by the clock; nothing else waits for the disk",
    fix: "look at the paths to the disk",
  },
  CORE_DISK_BACK: { severity: "notice", sentence: "{node} reads and writes its witness disk" },
  CORE_LINKS_SHARE_CARD: {
    severity: "warning",
    sentence: "links {links} both go over {cards}",
    why: "they fail together, so the second one protects from nothing",
    fix: "give each link a network card, and a switch, of its own",
  },
  CORE_KEY_FILE: {
    severity: "error",
    sentence: "the cluster's key can't be read from {path}: {detail}",
    fix: "make it once with --create-key, and copy the file to every node, readable for root alone",
  },
  CORE_WITNESS_PEERS: {
    severity: "error",
    sentence: "{node} and at least two other nodes are needed, each with equally many addresses",
    fix: "give --peer NAME=ADDRESS:PORT for every voter, the witness included",
  },
});
