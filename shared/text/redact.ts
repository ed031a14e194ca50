/** What stands in place of a secret. */
export const REDACTED = "********";

const SECRET_NAME =
  /pass(word|wd|phrase)?$|secret|token|_key$|^key$|api-?key|private-?key|auth_?pass|credential|cookie_?value|psk$/i;

/** Is a setting of this name a secret? Settings that only name a file or an identifier are not. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name) && !/(file|path|id|name)$/i.test(name);
}

/** A copy of a JSON value in which every setting with a secret's name is replaced. */
export function redact(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(redact);
  if (typeof value !== "object" || value === null) return value;
  const out: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    const secret = isSecretName(key) && (typeof inner === "string" || typeof inner === "number");
    out[key] = secret ? REDACTED : redact(inner);
  }
  return out;
}

/**
 * Replaces secrets inside free text: `password=x`, `auth_pass x`, `--token x`, `Authorization: Bearer x`,
 * `user:secret@host` in addresses, private key blocks.
 */
export function redactText(text: string): string {
  return text
    .replace(/-----BEGIN ([A-Z ]*PRIVATE KEY)-----[\s\S]*?-----END \1-----/g, REDACTED)
    .replace(/(authorization:\s*)(?:(basic|bearer)\s+)?\S+/gi, (_, head: string, scheme?: string) => {
      return `${head}${scheme === undefined ? "" : `${scheme} `}${REDACTED}`;
    })
    .replace(/([a-z][a-z0-9+.-]*:\/\/[^\s:/@]+):[^\s@/]+@/gi, `$1:${REDACTED}@`)
    .replace(
      /\b((?:[\w-]*(?:pass(?:word|wd|phrase)?|secret|token|auth_pass|api[_-]?key))"?\s*(?:[=:]\s*|\s+))("[^"]*"|'[^']*'|[^\s,;}"']+)/gi,
      `$1${REDACTED}`,
    );
}
