/**
 * Variables that would make our own binary another program: `BUN_BE_BUN=1` turns a compiled binary into a whole
 * bun, `BUN_OPTIONS`, `BUN_INSPECT…` and `NODE_OPTIONS` load code. A daemon must not depend on who started it.
 */
const DANGEROUS = /^(BUN_|NODE_OPTIONS$|NODE_PATH$)/;

/** A copy without the dangerous variables and with the additions. */
export function scrubbed(
  env: Readonly<Record<string, string | undefined>>,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && !DANGEROUS.test(name)) out[name] = value;
  }
  return { ...out, ...more };
}

/** Removes the dangerous variables from this process, so that nothing started later inherits them. */
export function scrubEnvironment(): void {
  for (const name of Object.keys(process.env)) {
    if (DANGEROUS.test(name)) delete process.env[name];
  }
}
