/**
 * `bun udp-probe.ts ADDRESS PORT INTERVAL_US SETTLE_MS`: asks every INTERVAL_US and remembers who answered when.
 * One thread blocked in ppoll with absolute deadlines. Requests come on standard input (see control.ts).
 */
import { parseAddress } from "../../text/address.ts";
import { monotonicNs } from "../../drive/ffi/clock.ts";
import { errnoName } from "../../drive/ffi/libc.ts";
import { read } from "../../drive/ffi/fd.ts";
import { Memory } from "../../drive/ffi/memory.ts";
import { POLL, PollSet } from "../../drive/ffi/poll.ts";
import { setTimerSlackNs } from "../../drive/ffi/schedule.ts";
import { receive, sendTo, setReceiveBuffer, socket, SOCKET_TYPE } from "../../drive/ffi/socket.ts";
import { FAMILY, SocketAddressMemory } from "../../drive/ffi/socket-address.ts";
import { formatAnswer, LineBuffer, parseRequest, writeAll } from "./control.ts";
import { analyse } from "./report.ts";
import { Samples } from "./samples.ts";

const QUESTION_BYTES = 8;
const ANSWER_LIMIT_BYTES = 512;
const RECEIVE_BUFFER_BYTES = 4 << 20;
const TOKEN_BYTES = 4;
const STANDARD_INPUT = 0;
const NS_PER_MS = 1e6;

interface Settings {
  readonly address: string;
  readonly port: number;
  readonly intervalNs: number;
  readonly settleMs: number;
}

class UdpProbe {
  readonly #samples = new Samples();
  readonly #question = new Memory(QUESTION_BYTES);
  readonly #answer = new Memory(ANSWER_LIMIT_BYTES);
  readonly #input = new Memory(65_536);
  readonly #lines = new LineBuffer();
  readonly #poll = new PollSet(2);
  readonly #to: SocketAddressMemory;
  readonly #fd: number;
  #lateNs = 0;

  constructor(private readonly settings: Settings) {
    const parsed = parseAddress(settings.address);
    if (!parsed.ok) throw new Error(`${settings.address} is no address`);
    const { bytes } = parsed.value;
    const { port } = settings;
    this.#to = new SocketAddressMemory(
      bytes.byteLength === 4
        ? { family: "inet", address: bytes, port }
        : { family: "inet6", address: bytes, port, scope: 0 },
    );
    const family = bytes.byteLength === 4 ? FAMILY.INET : FAMILY.INET6;
    this.#fd = socket(family, SOCKET_TYPE.DATAGRAM, 0, { nonBlocking: true });
    setReceiveBuffer(this.#fd, RECEIVE_BUFFER_BYTES);
    this.#poll.add(this.#fd, POLL.IN);
    this.#poll.add(STANDARD_INPUT, POLL.IN);
  }

  run(): void {
    setTimerSlackNs(1_000);
    const { intervalNs } = this.settings;
    let nextNs = monotonicNs();
    for (;;) {
      const waitNs = nextNs - monotonicNs();
      if (waitNs <= 0) {
        const lateNs = -waitNs;
        if (lateNs > this.#lateNs) this.#lateNs = lateNs;
        this.#ask();
        // Slots that were missed are left out: a burst would tell nothing about that time.
        nextNs += intervalNs * Math.max(1, Math.ceil(lateNs / intervalNs));
        continue;
      }
      if (this.#poll.wait(waitNs) <= 0) continue;
      if (this.#poll.happened(0) !== 0) this.#collect();
      if (this.#poll.happened(1) !== 0 && !this.#serve()) return;
    }
  }

  #ask(): void {
    const number = this.#samples.start(monotonicNs());
    if (number < 0) return;
    this.#question.u32[0] = number;
    const sent = sendTo(this.#fd, this.#question, 0, QUESTION_BYTES, this.#to);
    if (sent < 0) this.#samples.fail(number, monotonicNs(), errnoName(-sent));
  }

  #collect(): void {
    for (;;) {
      const length = receive(this.#fd, this.#answer, 0, ANSWER_LIMIT_BYTES);
      if (length < 0) return;
      if (length <= TOKEN_BYTES) continue;
      const host = this.#answer.text(TOKEN_BYTES, length - TOKEN_BYTES);
      this.#samples.answer(this.#answer.u32[0] ?? 0, monotonicNs(), host);
    }
  }

  /** Answers requests from standard input; false when it is time to end. */
  #serve(): boolean {
    const length = read(STANDARD_INPUT, this.#input);
    if (length <= 0) return false;
    for (const line of this.#lines.push(new TextDecoder().decode(this.#input.bytes(0, length)))) {
      const request = parseRequest(line);
      if (request.request === "stop") this.#settle();
      const { address, port, intervalNs, settleMs } = this.settings;
      const report = analyse(this.#samples, request.marks, {
        kind: "udp",
        target: address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`,
        intervalMs: intervalNs / NS_PER_MS,
        proberLateMs: this.#lateNs / NS_PER_MS,
        nowNs: monotonicNs(),
        settleMs,
      });
      writeAll(formatAnswer(request, report));
      if (request.request === "stop") return false;
    }
    return true;
  }

  /** Waits for the last answers: until all are there, or those that are missing count as lost. */
  #settle(): void {
    const untilNs = monotonicNs() + this.settings.settleMs * NS_PER_MS;
    this.#poll.set(1, -1, 0);
    for (let leftNs = untilNs - monotonicNs(); leftNs > 0 && this.#samples.open > 0; leftNs = untilNs - monotonicNs()) {
      if (this.#poll.wait(leftNs) > 0) this.#collect();
    }
  }
}

if (import.meta.main) {
  const [address = "", port = "", intervalUs = "", settleMs = ""] = process.argv.slice(2);
  const probe = new UdpProbe({
    address,
    port: Number(port),
    intervalNs: Number(intervalUs) * 1_000,
    settleMs: Number(settleMs),
  });
  writeAll("ready\n");
  probe.run();
}
