/**
 * System calls by the batch, io_uring(7): requests are written into shared memory, one call hands all of them over and
 * brings what is finished. Needs Linux 6.1 (completions wait until they are asked for, received bytes land in buffers
 * that the kernel picks). Constants and layouts are those of linux/io_uring.h, the same on x64 and arm64.
 */
import { FFIType, toArrayBuffer } from "bun:ffi";
import { close } from "./fd.ts";
import { bind, orErrno } from "./libc.ts";
import { Memory } from "./memory.ts";

const FAST = FFIType.i64_fast;
const C = bind({
  // The kernel's own words are 64 bits wide here; this type passes numbers without making BigInts.
  syscall: { args: [FAST, FAST, FAST, FAST, FAST, FAST, FAST], returns: "i32" },
  mmap: { args: ["u64", "u64", "i32", "i32", "i32", "i64"], returns: "ptr" },
});

const SYS_SETUP = 425;
const SYS_ENTER = 426;
const SYS_REGISTER = 427;
const REGISTER_EVENTFD = 4;
const REGISTER_BUFFER_RING = 22;

const SETUP_COMPLETION_SIZE = 1 << 3;
const SETUP_SINGLE_ISSUER = 1 << 12;
const SETUP_DEFER_TASKRUN = 1 << 13;

const ENTER_GET_EVENTS = 1;
const ENTER_EXTENDED = 8;

const OPERATION = { POLL: 6, CANCEL: 14, SEND: 26, RECEIVE: 27 } as const;
const MULTISHOT_RECEIVE = 1 << 1;
const POLL_AGAIN = 1;
const EDGE_TRIGGERED = 1 << 31;
const BUFFER_SELECT = 1 << 5;
const LINKED = 1 << 2;
const CANCEL_BY_DESCRIPTOR = 3;
const MSG_DONT_WAIT = 0x40;
const MSG_NO_SIGNAL = 0x4000;

const PROTECT_READ_WRITE = 3;
const MAP_SHARED_POPULATED = 0x8001;
const PLACE_OF_RINGS = 0;
const PLACE_OF_ENTRIES = 0x1000_0000;

const ENTRY_BYTES = 64;
const ENTRY_WORDS_SHIFT = 4;
const COMPLETION_BYTES = 16;
const PARAMETER_BYTES = 120;
/** Words of io_uring_params from which the offsets of the two rings begin. */
const SUBMISSION_OFFSETS = 10;
const COMPLETION_OFFSETS = 20;
const TWO_TO_32 = 4_294_967_296;
const PAGE_BYTES = 4096;

/** A flag of the ring of completions: no signals. */
const SIGNALS_OFF = 1;
/** Flags of a completion. */
const COMPLETION_HAS_BUFFER = 1;
const COMPLETION_MORE = 2;

export interface RingShape {
  /** Requests that one call can hand over, a power of two. */
  readonly entries: number;
  /** Finished requests that fit, a power of two. */
  readonly completions: number;
  /** Only one thread hands over, and completions wait until it asks. Another thread's wait isn't disturbed. */
  readonly deferred: boolean;
}

/** Buffers for received bytes: the kernel takes one when bytes come, and gets it back from `Ring.giveBack`. */
export interface RingBuffers {
  /** A power of two. */
  readonly count: number;
  readonly byteLength: number;
}

interface BufferPool {
  /** The table that the kernel reads. */
  readonly ring: Memory;
  readonly words: Int32Array<ArrayBufferLike>;
  /** Where the table begins. */
  readonly at: number;
  readonly bytes: Memory;
  /** The address of the first buffer. */
  readonly first: number;
  readonly shape: RingBuffers;
}

/** Every request carries two words that come back with its completion: what it was, and whose. */
export class Ring {
  readonly #words: Int32Array<ArrayBufferLike>;
  readonly #entries: Int32Array<ArrayBufferLike>;
  readonly #submissionHead: number;
  readonly #submissionTail: number;
  readonly #completionHead: number;
  readonly #completionTail: number;
  readonly #completionFirst: number;
  readonly #completionFlags: number;
  readonly #entryMask: number;
  readonly #completionMask: number;
  readonly #wait = new Memory(24);
  readonly #timeout = new Memory(16);
  #tail = 0;
  #waiting = 0;
  #completion = 0;
  #pool: BufferPool | undefined;
  #poolTail = 0;

  private constructor(
    readonly fd: number,
    parameters: Memory,
  ) {
    const submission = parameters.u32.subarray(SUBMISSION_OFFSETS, COMPLETION_OFFSETS);
    const completion = parameters.u32.subarray(COMPLETION_OFFSETS);
    const entries = parameters.u32[0] ?? 0;
    const completions = parameters.u32[1] ?? 0;
    const word = (offsets: Uint32Array<ArrayBufferLike>, index: number): number => (offsets[index] ?? 0) >> 2;
    const first = word(submission, 6);
    const completionAt = completion[5] ?? 0;
    const length = Math.max((submission[6] ?? 0) + entries * 4, completionAt + completions * COMPLETION_BYTES);
    this.#words = mapped(fd, length, PLACE_OF_RINGS);
    this.#entries = mapped(fd, entries * ENTRY_BYTES, PLACE_OF_ENTRIES);
    this.#submissionHead = word(submission, 0);
    this.#submissionTail = word(submission, 1);
    this.#completionHead = word(completion, 0);
    this.#completionTail = word(completion, 1);
    this.#completionFirst = completionAt >> 2;
    this.#completionFlags = word(completion, 6);
    this.#entryMask = entries - 1;
    this.#completionMask = completions - 1;
    // The indirection of the kernel's interface is not needed: entry n is always at place n.
    for (let index = 0; index < entries; index += 1) this.#words[first + index] = index;
    this.#wait.setAddress(16, this.#timeout);
  }

  /** A new ring, or -errno: older kernels, and systems that forbid it, have none. */
  static open(shape: RingShape): Ring | number {
    const parameters = new Memory(PARAMETER_BYTES);
    const deferred = shape.deferred ? SETUP_SINGLE_ISSUER | SETUP_DEFER_TASKRUN : 0;
    parameters.u32[1] = shape.completions;
    parameters.u32[2] = SETUP_COMPLETION_SIZE | deferred;
    const fd = orErrno(C.syscall(SYS_SETUP, shape.entries, parameters.address, 0, 0, 0, 0));
    if (fd < 0) return fd;
    try {
      return new Ring(fd, parameters);
    } catch (error) {
      close(fd);
      throw error;
    }
  }

  /** Gives the ring its buffers, once; 0 or -errno. */
  useBuffers(shape: RingBuffers): number {
    // The kernel wants the table at the start of a page.
    const ring = new Memory(shape.count * COMPLETION_BYTES + PAGE_BYTES);
    const at = (PAGE_BYTES - (Number(ring.address) % PAGE_BYTES)) % PAGE_BYTES;
    const bytes = new Memory(shape.count * shape.byteLength);
    const registration = new Memory(40);
    registration.setNumber64(0, ring.range(at, shape.count * COMPLETION_BYTES));
    registration.u32[2] = shape.count;
    const result = orErrno(C.syscall(SYS_REGISTER, this.fd, REGISTER_BUFFER_RING, registration.address, 1, 0, 0));
    if (result < 0) return result;
    this.#pool = { ring, words: ring.i32, at, bytes, first: Number(bytes.address), shape };
    for (let index = 0; index < shape.count; index += 1) this.giveBack(index);
    return 0;
  }

  /** Completions that come are signalled to this eventfd while signals are on; 0 or -errno. */
  signalTo(eventFd: number): number {
    const word = new Memory(8);
    word.i32[0] = eventFd;
    const result = orErrno(C.syscall(SYS_REGISTER, this.fd, REGISTER_EVENTFD, word.address, 1, 0, 0));
    if (result === 0) this.setSignals(false);
    return result;
  }

  setSignals(on: boolean): void {
    Atomics.store(this.#words, this.#completionFlags, on ? 0 : SIGNALS_OFF);
  }

  /** The bytes of all buffers: number `n` begins at `n * byteLength`. */
  get received(): Memory {
    if (this.#pool === undefined) throw new Error("the ring has no buffers");
    return this.#pool.bytes;
  }

  /** The bytes of this buffer were taken: the kernel may fill it again. */
  giveBack(buffer: number): void {
    const pool = this.#pool;
    if (pool === undefined) throw new Error("the ring has no buffers");
    const { shape, words } = pool;
    const place = (pool.at >> 2) + (this.#poolTail & (shape.count - 1)) * 4;
    const address = pool.first + buffer * shape.byteLength;
    words[place] = address | 0;
    words[place + 1] = address / TWO_TO_32;
    words[place + 2] = shape.byteLength;
    this.#poolTail = (this.#poolTail + 1) & 0xffff;
    // The ring's tail shares the last word of its first entry with that entry's number. It is stored after all else:
    // once the kernel sees it, it reads the entry.
    const first = pool.at >> 2;
    if (place !== first) words[place + 3] = buffer;
    const number = place === first ? buffer : (words[first + 3] ?? 0) & 0xffff;
    Atomics.store(words, first + 3, number | (this.#poolTail << 16));
  }

  /** Writes one request; the caller of `submit` hands it over. Full rings are handed over at once. */
  #put(operation: number, flags: number, fd: number, address: number, length: number, options: number): number {
    if (this.#waiting > this.#entryMask) this.submit();
    if (this.#waiting > this.#entryMask) throw new Error("the kernel takes no more requests");
    const at = (this.#tail & this.#entryMask) << ENTRY_WORDS_SHIFT;
    const entries = this.#entries;
    entries[at] = operation | flags;
    entries[at + 1] = fd;
    entries[at + 2] = 0;
    entries[at + 3] = 0;
    entries[at + 4] = address >>> 0;
    entries[at + 5] = address / TWO_TO_32;
    entries[at + 6] = length;
    entries[at + 7] = options;
    entries[at + 10] = 0;
    entries[at + 11] = 0;
    this.#tail = (this.#tail + 1) | 0;
    this.#waiting += 1;
    return at;
  }

  #tag(at: number, kind: number, owner: number): void {
    this.#entries[at + 8] = owner;
    this.#entries[at + 9] = kind;
  }

  /** Receives again and again, until a completion without `more` comes. */
  receive(fd: number, kind: number, owner: number): void {
    const at = this.#put(OPERATION.RECEIVE, (BUFFER_SELECT << 8) | (MULTISHOT_RECEIVE << 16), fd, 0, 0, 0);
    this.#tag(at, kind, owner);
  }

  /** `from` must not change until the completion. It may have sent less than asked. */
  send(fd: number, from: Memory, offset: number, length: number, kind: number, owner: number): void {
    const at = this.#put(OPERATION.SEND, 0, fd, from.range(offset, length), length, MSG_NO_SIGNAL);
    this.#tag(at, kind, owner);
  }

  /** One completion, with the events as its result. Errors and hang-ups count without being asked for. */
  poll(fd: number, events: number, kind: number, owner: number): void {
    this.#tag(this.#put(OPERATION.POLL, 0, fd, 0, 0, events), kind, owner);
  }

  /** A completion whenever errors, hang-ups or the end of the other side are news; until one without `more`. */
  watchEnd(fd: number, kind: number, owner: number): void {
    this.#tag(this.#put(OPERATION.POLL, 0, fd, 0, POLL_AGAIN, EDGE_TRIGGERED), kind, owner);
  }

  /** When `fd` has one of the events, one byte goes to the socket `to`. */
  pollThenSend(fd: number, events: number, to: number, byte: Memory): void {
    this.#tag(this.#put(OPERATION.POLL, LINKED << 8, fd, 0, 0, events), 0, 0);
    const flags = MSG_NO_SIGNAL | MSG_DONT_WAIT;
    this.#tag(this.#put(OPERATION.SEND, 0, to, byte.range(0, 1), 1, flags), 0, 0);
  }

  /** Ends the one request with these words; both complete. */
  cancel(wantedKind: number, wantedOwner: number, kind: number, owner: number): void {
    const at = this.#put(OPERATION.CANCEL, 0, -1, wantedKind * TWO_TO_32 + wantedOwner, 0, 0);
    this.#tag(at, kind, owner);
  }

  /** Ends all requests of a descriptor. */
  cancelAll(fd: number, kind: number, owner: number): void {
    this.#tag(this.#put(OPERATION.CANCEL, 0, fd, 0, 0, CANCEL_BY_DESCRIPTOR), kind, owner);
  }

  /** Hands over what was written, without waiting. */
  submit(): number {
    return this.#enter(0, 0, 0, 0);
  }

  /** Hands over, and waits up to `timeoutMs` for a completion; -errno (-ETIME, -EINTR: nothing came). */
  submitAndWait(timeoutMs: number): number {
    if (this.isReady) return this.#enter(0, ENTER_GET_EVENTS, 0, 0);
    this.#timeout.setNumber64(0, Math.floor(timeoutMs / 1000));
    this.#timeout.setNumber64(8, Math.round((timeoutMs % 1000) * 1_000_000));
    return this.#enter(1, ENTER_GET_EVENTS | ENTER_EXTENDED, this.#wait.address, 24);
  }

  #enter(least: number, flags: number, argument: number, argumentBytes: number): number {
    Atomics.store(this.#words, this.#submissionTail, this.#tail);
    const result = orErrno(C.syscall(SYS_ENTER, this.fd, this.#waiting, least, flags, argument, argumentBytes));
    // What the kernel had no memory for is handed over the next time.
    this.#waiting = (this.#tail - Atomics.load(this.#words, this.#submissionHead)) | 0;
    return result;
  }

  /** A completion is there. */
  get isReady(): boolean {
    return Atomics.load(this.#words, this.#completionTail) !== (this.#words[this.#completionHead] ?? 0);
  }

  /** Requests that were not handed over yet. */
  get hasRequests(): boolean {
    return this.#waiting > 0;
  }

  /** Makes the next completion the current one. */
  next(): boolean {
    const head = this.#words[this.#completionHead] ?? 0;
    if (Atomics.load(this.#words, this.#completionTail) === head) return false;
    this.#completion = this.#completionFirst + ((head & this.#completionMask) << 2);
    this.owner = this.#words[this.#completion] ?? 0;
    this.kind = this.#words[this.#completion + 1] ?? 0;
    this.result = this.#words[this.#completion + 2] ?? 0;
    const flags = this.#words[this.#completion + 3] ?? 0;
    this.more = (flags & COMPLETION_MORE) !== 0;
    this.buffer = (flags & COMPLETION_HAS_BUFFER) === 0 ? -1 : flags >>> 16;
    Atomics.store(this.#words, this.#completionHead, (head + 1) | 0);
    return true;
  }

  // The current completion.
  owner = 0;
  kind = 0;
  /** A count, events or -errno. */
  result = 0;
  /** The request goes on. */
  more = false;
  /** Where received bytes are; -1 for none. */
  buffer = -1;

  close(): void {
    close(this.fd);
  }
}

function mapped(fd: number, byteLength: number, place: number): Int32Array<ArrayBufferLike> {
  const pointer = C.mmap(0, byteLength, PROTECT_READ_WRITE, MAP_SHARED_POPULATED, fd, place);
  // MAP_FAILED is -1, which no pointer type holds as a usable number.
  if (pointer === null || typeof pointer === "bigint" || pointer < PAGE_BYTES || pointer > Number.MAX_SAFE_INTEGER) {
    throw new Error("the kernel made a ring and doesn't share its memory");
  }
  return new Int32Array(toArrayBuffer(pointer, 0, byteLength));
}
