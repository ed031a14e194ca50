/** What goes wrong with addresses of small typed arrays, and that `Memory` avoids it, in the same loop. */
import { dlopen, type Pointer, ptr } from "bun:ffi";
import { close, write } from "../../shared/drive/ffi/fd.ts";
import { LIBC_NAME } from "../../shared/drive/ffi/libc.ts";
import { Memory } from "../../shared/drive/ffi/memory.ts";

const C = dlopen(LIBC_NAME, {
  pread: { args: ["i32", "ptr", "u64", "i64"], returns: "i32" },
  memfd_create: { args: ["ptr", "u32"], returns: "i32" },
}).symbols;

/** Reads two different words of a memory file in turn through `address` and counts what `read` shows wrongly. */
function countStale(calls: number, address: Pointer, read: () => number): number {
  const name = Memory.cString("hazard");
  const file = C.memfd_create(name.address, 1);
  const content = new Memory(16);
  content.u32.set([1111, 0, 2222, 0]);
  write(file, content, 0, 16);
  let stale = 0;
  for (let call = 0; call < calls; call += 1) {
    C.pread(file, address, 8, 0);
    if (read() !== 1111) stale += 1;
    C.pread(file, address, 8, 8);
    if (read() !== 2222) stale += 1;
  }
  close(file);
  return stale;
}

export function staleWithSmallArray(calls: number): number {
  const small = new Uint32Array(36);
  const address = ptr(small);
  return countStale(calls, address, () => small[0] ?? 0);
}

export function staleWithMemory(calls: number): number {
  const memory = new Memory(144);
  return countStale(calls / 2, memory.address, () => memory.u32[0] ?? 0);
}
