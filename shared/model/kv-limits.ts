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

/** Whether a transaction can't be done on any store, whatever stands in it: nobody needs to be asked. */
export function isTooLarge(operations: readonly { readonly key: string; readonly value?: string }[]): boolean {
  return (
    operations.length > KV_LIMITS.operationsPerTxn ||
    operations.some(
      ({ key, value }) => key.length > KV_LIMITS.keyLength || (value ?? "").length > KV_LIMITS.valueLength,
    )
  );
}
