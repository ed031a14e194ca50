/**
 * `bun slow-link.ts HOST_INDEX SWITCH_INDEX DELAY_US JITTER_US`: a cable that takes its time. Carries frames between
 * two interfaces of the switch's namespace, each after DELAY_US give or take JITTER_US, and never past one another.
 *
 * Works with any kernel, unlike netem. Frames cross with their offload header (packet(7), PACKET_VNET_HDR): between
 * namespaces checksums are left open and segments are joined, and both must stay so.
 */
import { monotonicNs } from "../drive/ffi/clock.ts";
import { Memory } from "../drive/ffi/memory.ts";
import { POLL, PollSet } from "../drive/ffi/poll.ts";
import { setTimerSlackNs } from "../drive/ffi/schedule.ts";
import {
  bindSocket,
  LEVEL,
  receive,
  send,
  setOption,
  setReceiveBuffer,
  socket,
  SOCKET_TYPE,
} from "../drive/ffi/socket.ts";
import { FAMILY } from "../drive/ffi/socket-address.ts";

const PACKET_VNET_HEADER = 15;
const PACKET_IGNORE_OUTGOING = 23;
const ALL_PROTOCOLS = 0x0003;
/** A joined segment has up to 64 KiB, its headers and the offload header. */
const FRAME_LIMIT_BYTES = 66_000;
const BUFFER_BYTES = 8 << 20;
/** What is on the way in one direction; beyond it frames are lost, as in a full queue. */
const FRAMES_LIMIT = 8_192;
const BYTES_LIMIT = 64 << 20;
/** Frames taken from one side before the other gets its turn. */
const FRAMES_PER_TURN = 64;

interface Frame {
  readonly dueNs: number;
  readonly bytes: Uint8Array;
}

function openInterface(index: number): number {
  // The protocol of a packet socket is in network order.
  const protocol = ((ALL_PROTOCOLS & 0xff) << 8) | (ALL_PROTOCOLS >> 8);
  const fd = socket(FAMILY.PACKET, SOCKET_TYPE.RAW, protocol, { nonBlocking: true });
  setOption(fd, LEVEL.PACKET, PACKET_VNET_HEADER, 1);
  setOption(fd, LEVEL.PACKET, PACKET_IGNORE_OUTGOING, 1);
  setReceiveBuffer(fd, BUFFER_BYTES);
  const hardware = new Uint8Array(6);
  bindSocket(fd, { family: "packet", protocol: ALL_PROTOCOLS, interfaceIndex: index, hardware });
  return fd;
}

/** One direction: frames that were received and wait for their time. */
class Direction {
  readonly #waiting: Frame[] = [];
  #bytes = 0;
  #lastDueNs = 0;

  constructor(
    readonly from: number,
    private readonly to: number,
    private readonly memory: Memory,
    private readonly dueAfterNs: () => number,
  ) {}

  take(): void {
    for (let turn = 0; turn < FRAMES_PER_TURN; turn += 1) {
      const length = receive(this.from, this.memory, 0, FRAME_LIMIT_BYTES);
      if (length <= 0) return;
      if (this.#waiting.length >= FRAMES_LIMIT || this.#bytes + length > BYTES_LIMIT) continue;
      this.#lastDueNs = Math.max(this.#lastDueNs, monotonicNs() + this.dueAfterNs());
      this.#waiting.push({ dueNs: this.#lastDueNs, bytes: this.memory.bytes(0, length).slice() });
      this.#bytes += length;
    }
  }

  /** Sends what is due; when the next one is. */
  deliver(nowNs: number): number {
    let count = 0;
    for (const frame of this.#waiting) {
      if (frame.dueNs > nowNs) break;
      this.memory.set(frame.bytes);
      // A card that is down, or full, loses the frame: so does a cable.
      send(this.to, this.memory, 0, frame.bytes.byteLength);
      this.#bytes -= frame.bytes.byteLength;
      count += 1;
    }
    if (count > 0) this.#waiting.splice(0, count);
    return this.#waiting[0]?.dueNs ?? Infinity;
  }
}

function carryForever(hostIndex: number, switchIndex: number, delayNs: number, jitterNs: number): never {
  setTimerSlackNs(1_000);
  const [hostSide, switchSide] = [openInterface(hostIndex), openInterface(switchIndex)];
  const memory = new Memory(FRAME_LIMIT_BYTES);
  const dueAfterNs = () => Math.max(0, delayNs + (Math.random() * 2 - 1) * jitterNs);
  const directions = [
    new Direction(hostSide, switchSide, memory, dueAfterNs),
    new Direction(switchSide, hostSide, memory, dueAfterNs),
  ];
  const poll = new PollSet(directions.length);
  for (const direction of directions) poll.add(direction.from, POLL.IN);
  process.stdout.write("ready\n");
  for (;;) {
    const nowNs = monotonicNs();
    const nextNs = Math.min(...directions.map((direction) => direction.deliver(nowNs)));
    poll.wait(nextNs - monotonicNs());
    for (const direction of directions) direction.take();
  }
}

if (import.meta.main) {
  const [hostIndex = 0, switchIndex = 0, delayUs = 0, jitterUs = 0] = process.argv.slice(2).map(Number);
  carryForever(hostIndex, switchIndex, delayUs * 1_000, jitterUs * 1_000);
}
