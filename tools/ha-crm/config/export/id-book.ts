/** Ids that have been written: one names one thing. */
export class IdBook {
  private readonly used = new Set<string>();

  /** False when the id has been written before. */
  claim(id: string): boolean {
    if (this.used.has(id)) return false;
    this.used.add(id);
    return true;
  }

  /** The id, or one made from it when it is taken. */
  fresh(id: string): string {
    const clean = id.replace(/[^\p{L}\p{N}_.-]/gu, "_").replace(/^(?![\p{L}_])/u, "_");
    if (this.claim(clean)) return clean;
    let number = 1;
    while (!this.claim(`${clean}-${number}`)) number += 1;
    return `${clean}-${number}`;
  }
}
