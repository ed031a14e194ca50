import type { DataPlane } from "../plane.ts";
import type { Question } from "./inspection.ts";

/** What rules of one session have asked the name servers: one question at a time. */
export class Asking {
  private open: Question | undefined;

  constructor(private readonly plane: DataPlane) {}

  get isOpen(): boolean {
    return this.open !== undefined;
  }

  /** `goOn` when the address is known, or known not to be had; not after `forget`. */
  ask(question: Question, goOn: () => void): void {
    this.open = question;
    const { name, prefer, resolvers, take } = question;
    this.plane.lookups.find(resolvers, name, prefer, (address) => {
      if (this.open !== question) return;
      this.open = undefined;
      take(address);
      goOn();
    });
  }

  /** The session goes on without the answer, or is over. */
  forget(): void {
    this.open = undefined;
  }
}
