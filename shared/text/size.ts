import { parsed, refused, type Parsed } from "./parsed.ts";
import type { Position } from "./position.ts";

/** Powers of 1024, as HAProxy, GlusterFS and PostgreSQL count, whatever the spelling (k, kB, KiB). */
const POWER: Readonly<Record<string, number>> = { "": 0, k: 1, m: 2, g: 3, t: 4, p: 5 };
const NAMES = ["B", "kB", "MB", "GB", "TB", "PB"] as const;

/**
 * Reads `4096`, `64k`, `16m`, `1.5g`, `2GB`, `2GiB`.
 * @returns whole bytes, or TEXT_SIZE
 */
export function parseSize(text: string, at?: Position): Parsed<number> {
  const found = /^(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?$/.exec(text.trim().toLowerCase());
  const power = found === null ? undefined : POWER[found[2] ?? ""];
  if (found === null || power === undefined) return refused("TEXT_SIZE", { text }, at);
  const bytes = Math.round(Number(found[1]) * 1024 ** power);
  return Number.isSafeInteger(bytes) ? parsed(bytes) : refused("TEXT_SIZE", { text }, at);
}

/** For people: `0 B`, `214 MB`, `1.5 GB` (three digits at most, powers of 1024). */
export function formatSize(bytes: number): string {
  if (!Number.isFinite(bytes)) return "-";
  if (bytes < 0) return `-${formatSize(-bytes)}`;
  let amount = bytes;
  let power = 0;
  while (amount >= 999.5 && power < NAMES.length - 1) {
    amount /= 1024;
    power += 1;
  }
  const digits = power === 0 || amount >= 9.95 ? 0 : 1;
  return `${amount.toFixed(digits).replace(/\.0$/, "")} ${NAMES[power]}`;
}

/** The shortest exact form that `parseSize` reads back: `64k`, `16m`, `1000`. */
export function exactSize(bytes: number): string {
  for (const [letter, power] of [["t", 4] as const, ["g", 3] as const, ["m", 2] as const, ["k", 1] as const]) {
    const unit = 1024 ** power;
    if (bytes >= unit && bytes % unit === 0) return `${bytes / unit}${letter}`;
  }
  return String(bytes);
}
