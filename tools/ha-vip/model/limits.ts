/** Limits of the state machine; none of them is reached by hosts that behave. */

/** A master of lower priority is answered at most this often: a flood of forged adverts isn't answered by one of ours. */
export const ANSWER_LEAST_MS = 10;
/** Two masters are told of at most this often. */
export const TELL_RIVAL_MS = 1_000;
/** An address in conflict is asked for again this often. */
export const CONFLICT_RETRY_MS = 1_000;
/** Questions before an address is taken for the first time. */
export const PROBES = 3;
/** Longest time between two of them. */
export const PROBE_INTERVAL_MS = 100;
/** Answers of a witness count for so long. */
export const WITNESS_FRESH_MS = 3_000;
