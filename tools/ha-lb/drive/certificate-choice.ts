/**
 * Which certificates a listener shows for the name that clients ask for (SNI). A name may have one of each kind of key:
 * the TLS library then chooses by what the client understands, ECDSA before RSA.
 */

/** In the order in which they are preferred. */
const KINDS = ["ecdsa", "rsa", "other"] as const;
export type KeyKind = (typeof KINDS)[number];

/** One certificate with its key, and the names it is for. */
export interface TlsContext {
  /** In lower case; a wildcard begins with `*.`. */
  readonly names: readonly string[];
  /** Names that its wildcards aren't for. */
  readonly refused: ReadonlySet<string>;
  readonly kind: KeyKind;
  readonly cert: string;
  readonly key: string;
  /** All but the certificate: what the listener, or the line of a list, asks for. */
  readonly settings: Bun.TLSOptions;
}

/** The wildcard that would stand for a name. */
function wildcardOf(name: string): string {
  return `*${name.slice(name.indexOf("."))}`;
}

export class CertificateChoice {
  private readonly byName = new Map<string, TlsContext[]>();

  /** @param contexts in the order of the configuration: for one name and kind of key the first counts */
  constructor(private readonly contexts: readonly TlsContext[]) {
    for (const context of contexts) {
      for (const name of context.names) {
        const known = this.byName.get(name);
        if (known === undefined) this.byName.set(name, [context]);
        else known.push(context);
      }
    }
  }

  /** For clients that ask for no name, or for one without a certificate: the first of all, alone. */
  get standard(): Bun.TLSOptions {
    const [first] = this.contexts;
    if (first === undefined) throw new Error("no certificate was found");
    return { cert: first.cert, key: first.key, ...first.settings };
  }

  /** What is shown for each name. Throws when the certificates of one name can't be shown together. */
  *named(): Iterable<readonly [string, Bun.TLSOptions]> {
    for (const name of this.byName.keys()) yield [name, together(name, this.ownOf(name), this.wildcardsOf(name))];
    // A wildcard of the listener would fit these.
    for (const { refused } of this.contexts) {
      for (const name of refused) {
        if (this.byName.has(name)) continue;
        const others = this.wildcardsOf(name);
        yield [name, others.length === 0 ? this.standard : together(name, others, [])];
      }
    }
  }

  /** Is there a certificate for the name that a client asked for? */
  isFor(asked: string | undefined): boolean {
    const name = asked?.toLowerCase();
    return name !== undefined && (this.byName.has(name) || this.wildcardsOf(name).length > 0);
  }

  private ownOf(name: string): readonly TlsContext[] {
    return this.byName.get(name) ?? [];
  }

  private wildcardsOf(name: string): readonly TlsContext[] {
    if (name.startsWith("*.") || !name.includes(".")) return [];
    return this.ownOf(wildcardOf(name)).filter(({ refused }) => !refused.has(name));
  }
}

/** One certificate of each kind: the name's own ones before the wildcards'. They share one set of settings. */
function together(name: string, own: readonly TlsContext[], wildcards: readonly TlsContext[]): Bun.TLSOptions {
  const chosen = new Map<KeyKind, TlsContext>();
  const [first] = own;
  if (first === undefined) throw new Error(`'${name}' has no certificate`);
  for (const context of own) {
    if (chosen.has(context.kind)) continue;
    if (!Bun.deepEquals(context.settings, first.settings)) {
      const what = `'${name}' has certificates with different kinds of keys and different options`;
      throw new Error(`${what}: give their lines in the crt-list the same options`);
    }
    chosen.set(context.kind, context);
  }
  for (const context of wildcards) {
    if (!chosen.has(context.kind) && Bun.deepEquals(context.settings, first.settings))
      chosen.set(context.kind, context);
  }
  const [only] = chosen.values();
  if (chosen.size === 1 && only !== undefined) return { cert: only.cert, key: only.key, ...first.settings };
  const ordered = KINDS.flatMap((kind) => chosen.get(kind) ?? []);
  return { cert: ordered.map(({ cert }) => cert), key: ordered.map(({ key }) => key), ...first.settings };
}
