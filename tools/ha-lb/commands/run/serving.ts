/** A data plane on its sockets, and how another configuration takes its place without losing a connection. */
import type { Result } from "../../../../shared/reason/result.ts";
import { type ListenerPlan, type OpenListener, openPlanned, planListeners } from "../../drive/listen.ts";
import { certificates } from "../../drive/certificates.ts";
import { refuseConnections, type SocketSource } from "../../drive/listening-sockets.ts";
import type { DataPlane } from "../../drive/plane.ts";
import type { Configuration } from "../../model/configuration.ts";
import { tellProblems } from "../alert.ts";
import { loadConfiguration, type LoadRequest } from "../check-load.ts";
import { adoptState, drain, makePlane } from "./make-plane.ts";

export interface ServingRequest {
  readonly load: LoadRequest;
}

type Tell = (text: string) => void;

export class Serving {
  plane: DataPlane;
  private listeners: readonly OpenListener[] = [];

  /** Gets each new data plane before a client does. */
  prepare: (plane: DataPlane) => void = () => undefined;

  constructor(
    plane: DataPlane,
    private readonly request: ServingRequest,
    private readonly sockets: SocketSource,
    private readonly tell: Tell,
  ) {
    this.plane = plane;
  }

  /** Opens all sockets; the names of those in use, or undefined when one can't be had. */
  async open(): Promise<ReadonlySet<string> | undefined> {
    const plan = this.listen(this.plane);
    if (plan !== undefined) await openLogs(this.plane);
    return plan?.keys;
  }

  private listen(plane: DataPlane): ListenerPlan | undefined {
    const plan = planListeners(plane, this.sockets);
    tellFailures(plan, this.tell);
    if (plan.failures.length > 0) return undefined;
    try {
      this.listeners = openPlanned(plane, plan, this.listeners);
      this.serveOperators(plane);
      return plan;
    } catch (error) {
      this.tell(`[ALERT]    (${process.pid}) : cannot listen: ${error instanceof Error ? error.message : "?"}\n`);
      return undefined;
    }
  }

  /** Commands that change what is listened on. */
  private serveOperators(plane: DataPlane): void {
    const { hooks } = plane;
    hooks.listenAgain = () => void this.listen(plane);
    hooks.listenNoMore = () => {
      const before = this.listeners;
      this.listen(plane);
      for (const { fd, bind } of before) if (!this.listeners.some((one) => one.fd === fd)) refuseConnections(fd, bind);
    };
    hooks.renewCertificates = () => {
      this.listeners = openPlanned(plane, planOrThrow(plane, this.sockets), this.listeners);
    };
  }

  close(): void {
    for (const listener of this.listeners) listener.stop();
    this.listeners = [];
  }

  /**
   * Reads the configuration again and puts it in force on the same sockets. Requests that run finish on the old
   * rules; connections stay. A broken configuration, or one with a socket that can't be had, changes nothing.
   * @returns the names of the sockets in use, or undefined when the old data plane stays
   */
  async reload(): Promise<ReadonlySet<string> | undefined> {
    const plane = readPlane(this.request, this.tell);
    if (plane === undefined) return undefined;
    await openLogs(plane);
    adoptState(this.plane, plane);
    this.prepare(plane);
    const before = this.plane;
    const plan = this.listen(plane);
    if (plan === undefined) {
      tellRefused(this.tell);
      return undefined;
    }
    this.plane = plane;
    drain(before);
    return plan.keys;
  }
}

function planOrThrow(plane: DataPlane, sockets: SocketSource): ListenerPlan {
  const plan = planListeners(plane, sockets);
  const [failure] = plan.failures;
  if (failure !== undefined) throw new Error(`${failure.bind.text}: ${failure.detail}`);
  return plan;
}

export function tellFailures({ failures }: ListenerPlan, say: Tell): void {
  for (const { bind, detail } of failures) say(`[ALERT]    (${process.pid}) : cannot bind ${bind.text}: ${detail}\n`);
}

export function tellRefused(say: Tell): void {
  say(`[ALERT]    (${process.pid}) : reload refused: the running configuration stays\n`);
}

/** Reads the configuration anew; undefined, with the reasons told, when it can't be used. */
export function readPlane(request: ServingRequest, say: Tell): DataPlane | undefined {
  const { result }: { readonly result: Result<Configuration> } = loadConfiguration(request.load);
  if (result.ok) {
    const plane = makePlane(result.value, say);
    // Files count again, as with haproxy.
    if (plane !== undefined) certificates.clear();
    return plane;
  }
  tellProblems(result, say);
  tellRefused(say);
  return undefined;
}

export async function openLogs(plane: DataPlane): Promise<void> {
  await plane.logs.open(plane.configuration.proxies.flatMap((proxy) => proxy.logTargets));
}
