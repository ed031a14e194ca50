/**
 * Classic BPF: programs of the kernel's packet filter (socket(7), Documentation/networking/filter.rst).
 * They keep packets that nobody here wants from waking a thread. Encoding is pure; `attachFilter` isn't.
 */
import { Memory } from "../ffi/memory.ts";
import { LEVEL, setOptionBytes, SOCKET_OPTION } from "../ffi/socket.ts";

export interface FilterInstruction {
  readonly code: number;
  /** How many instructions to skip when a comparison holds, and when it doesn't. */
  readonly whenTrue: number;
  readonly whenFalse: number;
  readonly value: number;
}

/** BPF_MAXINSNS */
export const FILTER_LIMIT_INSTRUCTIONS = 4096;

const LOAD_WORD = 0x20;
const LOAD_HALF = 0x28;
const LOAD_BYTE = 0x30;
const JUMP_EQUAL = 0x15;
const RETURN = 0x06;
const WHOLE_PACKET = 0x40000;

export const loadByte = (offset: number): FilterInstruction => ({
  code: LOAD_BYTE,
  whenTrue: 0,
  whenFalse: 0,
  value: offset,
});
export const loadHalf = (offset: number): FilterInstruction => ({
  code: LOAD_HALF,
  whenTrue: 0,
  whenFalse: 0,
  value: offset,
});
export const loadWord = (offset: number): FilterInstruction => ({
  code: LOAD_WORD,
  whenTrue: 0,
  whenFalse: 0,
  value: offset,
});
export const jumpEqual = (value: number, whenTrue: number, whenFalse: number): FilterInstruction => ({
  code: JUMP_EQUAL,
  whenTrue,
  whenFalse,
  value,
});
export const accept: FilterInstruction = { code: RETURN, whenTrue: 0, whenFalse: 0, value: WHOLE_PACKET };
export const drop: FilterInstruction = { code: RETURN, whenTrue: 0, whenFalse: 0, value: 0 };

/** Lets a packet pass only when every field has its value, offsets as the socket's packets begin. */
export function matchAll(
  fields: readonly { readonly offset: number; readonly bytes: 1 | 2 | 4; readonly value: number }[],
): FilterInstruction[] {
  const load = { 1: loadByte, 2: loadHalf, 4: loadWord } as const;
  const program: FilterInstruction[] = [];
  for (const [index, field] of fields.entries()) {
    // Over the remaining pairs and the accept, to the drop at the end.
    const toDrop = (fields.length - 1 - index) * 2 + 1;
    program.push(load[field.bytes](field.offset), jumpEqual(field.value, 0, toDrop));
  }
  return [...program, accept, drop];
}

/** struct sock_filter, 8 bytes each. */
export function encodeFilter(program: readonly FilterInstruction[]): Uint8Array {
  if (program.length === 0 || program.length > FILTER_LIMIT_INSTRUCTIONS) {
    throw new Error(`a filter of ${program.length} instructions: 1 to ${FILTER_LIMIT_INSTRUCTIONS}`);
  }
  const view = new DataView(new ArrayBuffer(program.length * 8));
  for (const [index, { code, whenTrue, whenFalse, value }] of program.entries()) {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, whenTrue);
    view.setUint8(index * 8 + 3, whenFalse);
    view.setUint32(index * 8 + 4, value >>> 0, true);
  }
  return new Uint8Array(view.buffer);
}

/** Gives a socket its filter, in place of one before. The kernel copies it. Throws `SystemError`. */
export function attachFilter(fd: number, program: readonly FilterInstruction[]): void {
  const instructions = Memory.copyOf(encodeFilter(program));
  // struct sock_fprog: a count, padding, a pointer.
  const description = new Memory(16);
  description.u16[0] = program.length;
  description.setAddress(8, instructions);
  setOptionBytes(fd, LEVEL.SOCKET, SOCKET_OPTION.ATTACH_FILTER, description, 16);
}
