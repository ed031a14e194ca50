import { readFileSync, statSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { CORE_REASONS } from "../../model/core-reasons.ts";
import { reason, type Reason } from "../../reason/catalogue.ts";
import { createClusterKey, type ClusterKey } from "./certificate.ts";

const READABLE_BY_OTHERS = 0o077;
const keySchema = z.object({ privateKeyPem: z.string().min(1), authorityPem: z.string().min(1) });

/** The first key of the file is the cluster's; what is made with one of the others is accepted. */
export interface ClusterKeys {
  readonly key: ClusterKey;
  readonly alsoAccepted: readonly ClusterKey[];
}
/** The one of now, the one before, and the one to come. */
const MAX_KEYS = 3;

/**
 * Reads the cluster's key, one line of JSON; further lines are keys that are accepted while the key is changed. The file must
 * be readable for its owner alone; what it holds is never part of a message.
 */
export function readClusterKeys(
  path: string,
): { readonly ok: true; readonly keys: ClusterKeys } | { readonly ok: false; readonly fact: Reason } {
  const refuse = (detail: string) =>
    ({ ok: false, fact: reason(CORE_REASONS, "CORE_KEY_FILE", { path, detail }) }) as const;
  let text: string;
  try {
    const mode = statSync(path).mode & 0o777;
    if ((mode & READABLE_BY_OTHERS) !== 0) return refuse(`others may read it (mode ${mode.toString(8)})`);
    text = readFileSync(path, "utf8");
  } catch (error) {
    return refuse(error instanceof Error && "code" in error ? String(error.code) : "unreadable");
  }
  const keys: ClusterKey[] = [];
  for (const [at, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const key = readKey(line);
    if (key === null) return refuse(`line ${at + 1} holds no cluster key`);
    keys.push(key);
  }
  const [key, ...alsoAccepted] = keys;
  if (key === undefined) return refuse("it holds no cluster key");
  if (keys.length > MAX_KEYS) return refuse(`it holds ${keys.length} keys; ${MAX_KEYS} are possible`);
  return { ok: true, keys: { key, alsoAccepted } };
}

function readKey(line: string): ClusterKey | null {
  try {
    return keySchema.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}

/** Makes the key of a new cluster. Throws when the file exists: a key that is in use must not be lost. */
export function writeNewClusterKey(path: string): void {
  writeFileSync(path, `${JSON.stringify(createClusterKey())}\n`, { mode: 0o600, flag: "wx" });
}
