/** Hashes of passwords as crypt(5) writes them: which of them can be compared here. */

/** What the hash is called; undefined when it can be compared. */
export function unknownPasswordHash(hash: string): string | undefined {
  if (/^\$(?:1|5|6|2[aby])\$/.test(hash)) return undefined;
  const marked = /^(\$[^$]*\$)/.exec(hash)?.[1];
  if (marked === "$y$" || marked === "$gy$") return `yescrypt ('${marked}')`;
  if (marked === "$7$") return "scrypt ('$7$')";
  return marked === undefined ? "DES" : `'${marked}'`;
}
