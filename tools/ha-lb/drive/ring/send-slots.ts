/** Room for short texts while the kernel sends them. The slot that was used last is used first: it is warm. */
import { Memory } from "../../../../shared/drive/ffi/memory.ts";

/** Heads and short answers fit; longer texts are sent at once, by a call of their own. */
const SLOT_BYTES = 4096;
const SLOTS = 1024;

export class SendSlots {
  readonly memory = new Memory(SLOTS * SLOT_BYTES);
  private readonly bytes = Buffer.from(this.memory.u8.buffer);
  private readonly free = Array.from({ length: SLOTS }, (_, index) => SLOTS - 1 - index);

  /** Writes a byte string into a free slot. @returns its number; -1 when the text is too long or all are taken */
  take(text: string): number {
    if (text.length > SLOT_BYTES) return -1;
    const slot = this.free.pop() ?? -1;
    if (slot >= 0) this.bytes.write(text, slot * SLOT_BYTES, text.length, "latin1");
    return slot;
  }

  offset(slot: number): number {
    return slot * SLOT_BYTES;
  }

  giveBack(slot: number): void {
    this.free.push(slot);
  }
}
