import { readFileSync, statSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { CORE_REASONS } from "../../model/core-reasons.ts";
import { reason, type Reason } from "../../reason/catalogue.ts";
import { createClusterKey, type ClusterKey } from "./certificate.ts";

const READABLE_BY_OTHERS = 0o077;
const keySchema = z.object({ privateKeyPem: z.string().min(1), authorityPem: z.string().min(1) });

/** Reads the cluster's key. It must be readable for its owner alone; what it holds is never part of a message. */
export function readClusterKey(
  path: string,
): { readonly ok: true; readonly key: ClusterKey } | { readonly ok: false; readonly fact: Reason } {
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
  try {
    const parsed = keySchema.safeParse(JSON.parse(text));
    return parsed.success ? { ok: true, key: parsed.data } : refuse("it holds no cluster key");
  } catch {
    return refuse("it holds no cluster key");
  }
}

/** Makes the key of a new cluster. Throws when the file exists: a key that is in use must not be lost. */
export function writeNewClusterKey(path: string): void {
  writeFileSync(path, `${JSON.stringify(createClusterKey())}\n`, { mode: 0o600, flag: "wx" });
}
