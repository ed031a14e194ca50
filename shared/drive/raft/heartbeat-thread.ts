import type { MembershipMachine, MembershipView, StandingView } from "../../effect/membership.ts";
import type { Reason } from "../../reason/catalogue.ts";
import { parseAddress, type IpAddress } from "../../text/address.ts";
import { boottimeNs, monotonicNs } from "../ffi/clock.ts";
import { becomeDeadlineThread } from "../ffi/deadline-thread.ts";
import { WorkerMailbox } from "../ffi/mailbox.ts";
import { POLL } from "../ffi/poll.ts";
import { PollLoop } from "../ffi/poll-loop.ts";
import { UdpSocket } from "../net/udp-socket.ts";
import { Watchdog } from "../watchdog/watchdog.ts";
import { DatagramOpener, DatagramSealer } from "./datagram.ts";
import { decodeHeartbeat, encodeHeartbeat } from "./heartbeat-body.ts";
import type {
  FromHeartbeats,
  HeartbeatEnd,
  HeartbeatLink,
  HeartbeatSettings,
  HeartbeatTicket,
  ToHeartbeats,
} from "./heartbeat-messages.ts";

/**
 * The deadline thread of the heartbeats: all links, the membership, its quorum and the watchdog in one `ppoll`, away from
 * everything that can hold the main thread up.
 */
const REAL_TIME_PRIORITY = 42;
/** Datagrams taken in one turn for one link; what is left keeps the socket ready. */
const DATAGRAMS_A_TURN = 256;

interface OpenLink {
  readonly link: HeartbeatLink;
  readonly socket: UdpSocket;
  readonly opener: DatagramOpener;
  readonly peers: readonly { readonly address: IpAddress; readonly port: number }[];
  received: number;
  refused: number;
}

function addressOf(end: HeartbeatEnd): IpAddress {
  const parsed = parseAddress(end.host);
  if (!parsed.ok) throw new Error(`${end.host} is no IP address`);
  return parsed.value;
}

export class HeartbeatThread<Rules> {
  private readonly mailbox: WorkerMailbox<FromHeartbeats, ToHeartbeats>;
  private readonly settings: HeartbeatSettings<Rules>;
  private readonly machine: MembershipMachine;
  private readonly sealer: DatagramSealer;
  private readonly nodes: readonly string[];
  private readonly links: readonly OpenLink[];
  private readonly loop: PollLoop;
  private readonly watchdog: Watchdog | null;
  private readonly tickNs: number;
  private tickDueNs = monotonicNs();
  private worstLateNs = 0;
  private lastView = "";
  private mainHeardMs = bootMs();
  private idle = true;
  private feeding = true;

  /** Opens the sockets and the watchdog. Throws `SystemError`. */
  constructor(ticket: HeartbeatTicket<Rules>, createMachine: (rules: Rules, nowMs: number) => MembershipMachine) {
    this.mailbox = new WorkerMailbox(ticket.mailbox);
    const { settings } = ticket;
    this.settings = settings;
    this.machine = createMachine(settings.rules, bootMs());
    this.tickNs = (this.machine.heartbeatMs / 2) * 1e6;
    this.sealer = new DatagramSealer(settings.key, settings.node, settings.boot);
    this.nodes = [...new Set([settings.node, ...settings.links.flatMap((link) => Object.keys(link.peers))])].sort();
    this.links = settings.links.map((link) => this.open(link));
    this.watchdog = settings.watchdog === null ? null : Watchdog.open(settings.watchdog);
    this.loop = new PollLoop({ nextDeadlineNs: () => this.tickDueNs, onDeadline: (nowNs) => this.tick(nowNs) });
    this.loop.add(this.mailbox.fd, POLL.IN, () => this.onMail());
    for (const link of this.links) this.loop.add(link.socket.fd, POLL.IN, () => this.receive(link));
  }

  /** Runs until told to stop. */
  run(): void {
    const { realTime, refused } = becomeDeadlineThread({ name: "ha-heartbeat", priority: REAL_TIME_PRIORITY });
    this.mailbox.send({ kind: "ready", realTime, refused });
    this.loop.run();
    for (const { socket } of this.links) socket.close();
    // An orderly end is one in which the main thread has stopped what must not run on.
    if (this.idle) this.watchdog?.disarm();
    this.mailbox.send({ kind: "stopped" });
  }

  private open(link: HeartbeatLink): OpenLink {
    const address = addressOf(link.listen);
    const socket = UdpSocket.open({
      family: address.family,
      address: address.bytes,
      port: link.listen.port,
      ...(link.device === undefined ? {} : { deviceName: link.device }),
    });
    const peers = Object.entries(link.peers)
      .filter(([name]) => name !== this.settings.node)
      .map(([, end]) => ({ address: addressOf(end), port: end.port }));
    // One opener a link: every link carries its own copy of each heartbeat, under a number of its own.
    const keys = [this.settings.key, ...(this.settings.alsoAccepted ?? [])];
    const opener = new DatagramOpener(keys, Object.keys(link.peers));
    return { link, socket, opener, peers, received: 0, refused: 0 };
  }

  private receive(link: OpenLink): void {
    for (let taken = 0; taken < DATAGRAMS_A_TURN; taken += 1) {
      const datagram = link.socket.receive();
      // A refused port of a peer that is down comes back as an error; anything but "no more" is followed by more.
      if (typeof datagram === "number") return;
      const opened = link.opener.open(Buffer.from(datagram.payload));
      const body = opened.ok ? decodeHeartbeat(opened.body) : null;
      if (!opened.ok || body === null) {
        link.refused += 1;
        continue;
      }
      link.received += 1;
      this.tell(this.machine.heard(opened.from, link.link.name, body, bootMs()));
    }
  }

  private tick(nowNs: number): void {
    this.worstLateNs = Math.max(this.worstLateNs, nowNs - this.tickDueNs);
    this.tickDueNs = nowNs + this.tickNs;
    const outcome = this.machine.tick(bootMs());
    this.tell(outcome.reasons);
    if (outcome.send !== null) this.broadcast(outcome.send);
    this.feed(outcome.standing);
    this.showView(outcome);
  }

  private broadcast(send: NonNullable<MembershipView["send"]>): void {
    const body = encodeHeartbeat(send, this.nodes);
    for (const { socket, peers } of this.links) {
      const datagram = this.sealer.seal(body);
      // A link that is down makes sending fail; silence on it says the same.
      for (const { address, port } of peers) socket.send(datagram, address.bytes, port);
    }
  }

  /** Fed while this node may run what it runs, or runs nothing, and while the main thread is there to stop things. */
  private feed(standing: StandingView): void {
    if (this.watchdog === null || this.settings.watchdog === null) return;
    const mainLives = bootMs() - this.mainHeardMs <= this.settings.watchdog.mainSilenceMs;
    this.feeding = mainLives && (this.idle || standing.action === "continue");
    if (this.feeding) this.watchdog.feed();
  }

  /** Tells the main thread what changed; orders to fence are told every time. */
  private showView(outcome: MembershipView & { readonly standing: StandingView }): void {
    const { members, vouchers, ruledOut, heldBack, standing } = outcome;
    const view = { members, vouchers, ruledOut, heldBack, standing };
    const text = JSON.stringify(view);
    if (text === this.lastView) return;
    this.lastView = this.mailbox.send({ kind: "view", view }) ? text : "";
  }

  private tell(facts: readonly Reason[]): void {
    if (facts.length > 0) this.mailbox.send({ kind: "facts", facts });
  }

  private onMail(): void {
    for (const message of this.mailbox.receive()) {
      switch (message.kind) {
        case "alive":
          this.mainHeardMs = bootMs();
          this.idle = message.idle;
          break;
        case "fenced":
          this.machine.fenced(message, message.done, bootMs());
          break;
        case "cancelWaitForAll":
          this.machine.cancelWaitForAll();
          break;
        case "diskVote":
          this.machine.diskVote(message.heldUntilMs);
          break;
        case "report":
          this.mailbox.send({ kind: "report", report: this.report() });
          break;
        case "stop":
          this.loop.stop();
          break;
      }
    }
  }

  private report() {
    const { watchdog, feeding } = this;
    return {
      links: this.machine.links(bootMs()),
      counters: Object.fromEntries(
        this.links.map(({ link, received, refused }) => [link.name, { received, refused }] as const),
      ),
      worstLateMs: this.worstLateNs / 1e6,
      watchdog: watchdog === null ? null : { identity: watchdog.identity, timeoutMs: watchdog.timeoutMs, feeding },
    };
  }
}

/** Time spent suspended counts: others lived through it. */
function bootMs(): number {
  return boottimeNs() / 1e6;
}
