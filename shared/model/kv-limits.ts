/** Limits of the store; what is larger is refused by code, never cut. Sizes in UTF-16 units. */
export const KV_LIMITS = {
  keyLength: 1024,
  valueLength: 1024 * 1024,
  operationsPerTxn: 128,
  keys: 100_000,
  totalLength: 64 * 1024 * 1024,
  leases: 10_000,
  sessions: 4096,
  outstandingPerSession: 4096,
  minTtlMs: 50,
  maxTtlMs: 24 * 3600 * 1000,
} as const;
