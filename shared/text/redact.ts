/** What stands in place of a secret. */
export const REDACTED = "********";

/** Over the words of a name: `authPass`, `auth_pass` and `auth-pass` are all `auth_pass`. */
const SECRET_NAME =
  /(^|_)(pass|password|passwd|passphrase|psk|secret|token|credential|(cluster|private|api|auth|shared|secret|access|encryption|session|hmac)_key)s?$/;

/** Is a setting of this name a secret? Settings that only name a file or an identifier are not. */
export function isSecretName(name: string): boolean {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replaceAll("-", "_")
    .toLowerCase();
  return SECRET_NAME.test(words);
}

function redactValue(value: unknown): unknown {
  if (value === null || typeof value === "boolean") return value;
  if (Array.isArray(value)) return value.map(redactValue);
  return typeof value === "object" ? redact(value) : REDACTED;
}

/** A copy of a JSON value in which every setting with a secret's name is replaced. */
export function redact(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(redact);
  if (typeof value !== "object" || value === null) return value;
  const out: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) out[key] = isSecretName(key) ? redactValue(inner) : redact(inner);
  return out;
}

/**
 * Replaces secrets inside free text: `password=x`, `auth_pass x`, `--token x`, `Authorization: Bearer x`,
 * `user:secret@host` in addresses, private key blocks.
 */
export function redactText(text: string): string {
  return (
    text
      .replace(/-----BEGIN ([A-Z ]*PRIVATE KEY)-----[\s\S]*?-----END \1-----/g, REDACTED)
      .replace(/(authorization:\s*)(?:(basic|bearer)\s+)?\S+/gi, (_, head: string, scheme?: string) => {
        return `${head}${scheme === undefined ? "" : `${scheme} `}${REDACTED}`;
      })
      .replace(/([a-z][a-z0-9+.-]*:\/\/[^\s:/@]+):[^\s@/]+@/gi, `$1:${REDACTED}@`)
      .replace(
        /\b((?:[\w-]*(?:pass(?:word|wd|phrase)?|secret|token|api[_-]?key))"?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s,;}"']+)/gi,
        `$1${REDACTED}`,
      )
      // Without a sign between, only where a setting or an option is meant: "the password is wrong" holds no secret.
      .replace(
        /((?:--[\w-]*(?:password|passphrase|secret|token|api-key)|\bauth_pass)\s+)("[^"]*"|'[^']*'|[^\s]+)/gi,
        `$1${REDACTED}`,
      )
  );
}
