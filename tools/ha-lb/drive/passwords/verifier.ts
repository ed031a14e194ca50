/** Passwords of user lists, compared with what a client sent. */
import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { md5Crypt } from "./md5-crypt.ts";
import { shaCrypt } from "./sha-crypt.ts";

/** Comparisons remembered: a hash is made to be slow, and a browser sends its password with each request. */
const MOST_REMEMBERED = 1024;
/** Longer ones are no passwords: hashing them would only cost time. */
const MOST_PASSWORD_BYTES = 512;
/** bcrypt reads no more. */
const MOST_BCRYPT_BYTES = 72;

interface StoredPassword {
  readonly password: string;
  readonly hashed: boolean;
}

/** Remembers under a keyed digest of a random key: what is kept tells nobody a password. */
export class PasswordVerifier {
  private readonly key = randomBytes(32);
  private readonly remembered = new Map<string, boolean>();

  /** `given` is a byte string. */
  matches(stored: StoredPassword, given: string): boolean {
    if (!stored.hashed) return sameText(stored.password, given);
    if (given.length > MOST_PASSWORD_BYTES || given.includes("\0")) return false;
    const name = createHmac("sha256", this.key).update(`${stored.password}\0${given}`, "latin1").digest("base64");
    const known = this.remembered.get(name);
    if (known !== undefined) return known;
    const found = hashMatches(stored.password, Buffer.from(given, "latin1"));
    if (this.remembered.size >= MOST_REMEMBERED) {
      const [oldest = ""] = this.remembered.keys();
      this.remembered.delete(oldest);
    }
    this.remembered.set(name, found);
    return found;
  }
}

function hashMatches(hash: string, given: Buffer): boolean {
  if (/^\$2[aby]\$/.test(hash)) {
    try {
      return Bun.password.verifySync(given.subarray(0, MOST_BCRYPT_BYTES), hash, "bcrypt");
    } catch {
      // Not a whole hash: nobody has that password.
      return false;
    }
  }
  const own = shaCrypt(given, hash) ?? md5Crypt(given, hash);
  return own !== undefined && sameText(own, hash);
}

/** In a time that says nothing of where they differ. */
function sameText(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text, "latin1").digest();
  return timingSafeEqual(digest(one), digest(other));
}
