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
});
