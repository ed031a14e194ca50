/** The deadline thread's side of a witness: sends questions, takes answers. */
import { hostname } from "node:os";
import { POLL } from "../../../../shared/drive/ffi/poll.ts";
import type { PollLoop } from "../../../../shared/drive/ffi/poll-loop.ts";
import { UdpSocket } from "../../../../shared/drive/net/udp-socket.ts";
import { formatAddress, type IpAddress, parseAddress } from "../../../../shared/text/address.ts";
import { answerSchema, seal, unseal } from "../../drive/witness-codec.ts";
import { readWitnessKey } from "../../drive/witness-key.ts";
import type { WitnessSettings } from "../../model/witness.ts";
import type { LiveRouter } from "./live-router.ts";

const ANSWERS_PER_TURN = 64;
/** Questions without an answer that are remembered per router: only the last one counts. */
interface Asked {
  readonly name: string;
  readonly nonce: number;
}

/** The same on every host of the cluster: what the router moves, not how the file calls it. */
export function subjectOf(router: Pick<LiveRouter, "settings">): string {
  const { family, vrid, addresses } = router.settings;
  const first = addresses[0]?.address.bytes ?? new Uint8Array(0);
  return `${family}/${vrid}/${Array.from(first).join(".")}`;
}

export class WitnessAsker {
  #settings: WitnessSettings | undefined;
  #socket: UdpSocket | undefined;
  #address: IpAddress | undefined;
  #key: Uint8Array = new Uint8Array(0);
  readonly #asked = new Map<string, Asked>();
  #nonce = Math.floor(Date.now() % 1e9);

  constructor(
    private readonly loop: PollLoop,
    private readonly onAnswer: (name: string, granted: boolean, holder: string) => void,
  ) {}

  /** Talks to this witness from now on, or to none. */
  use(settings: WitnessSettings | undefined): void {
    if (JSON.stringify(settings) === JSON.stringify(this.#settings)) return;
    this.#settings = settings;
    if (this.#socket !== undefined) {
      this.loop.remove(this.#socket.fd);
      this.#socket.close();
      this.#socket = undefined;
    }
    if (settings === undefined) return;
    const address = parseAddress(settings.address);
    if (!address.ok) throw new Error(`the witness's address was checked before: ${settings.address}`);
    this.#address = address.value;
    const key = readWitnessKey(settings.keyFile);
    if (!Buffer.isBuffer(key))
      throw new Error(`the witness's key was checked before: ${settings.keyFile}: ${key.code}`);
    this.#key = key;
    this.#socket = UdpSocket.open({ family: address.value.family, port: 0 });
    this.loop.add(this.#socket.fd, POLL.IN, () => this.#onReadable());
  }

  ask(router: LiveRouter): void {
    if (this.#socket === undefined || this.#settings === undefined || this.#address === undefined) return;
    this.#nonce += 1;
    const subject = subjectOf(router);
    this.#asked.set(subject, { name: router.name, nonce: this.#nonce });
    const holds = router.state.role === "master";
    // Names of hosts may be equal (localhost); their addresses on one link aren't.
    const own = router.port === undefined ? "" : formatAddress(router.port.own);
    const host = `${hostname()} (${own})`;
    const ask = { kind: "ask", subject, host, holds, nonce: this.#nonce, atMs: Date.now() } as const;
    this.#socket.send(seal(ask, this.#key), this.#address.bytes, this.#settings.port);
  }

  #onReadable(): void {
    for (let count = 0; count < ANSWERS_PER_TURN && this.#socket !== undefined; count += 1) {
      const datagram = this.#socket.receive();
      // A witness that isn't there answers with ICMP: nothing is known then, and nobody is kept from taking over.
      if (typeof datagram === "number") return;
      const answer = answerSchema.safeParse(unseal(datagram.payload, this.#key));
      if (!answer.success) continue;
      const { granted, holder, nonce, subject } = answer.data;
      const asked = this.#asked.get(subject);
      if (asked === undefined || asked.nonce !== nonce) continue;
      this.#asked.delete(subject);
      this.onAnswer(asked.name, granted, holder);
    }
  }
}
