/** A data plane on its sockets, and how another configuration takes its place without losing a connection. */
import type { Result } from "../../../../shared/reason/result.ts";
import type { OpenListener } from "../../drive/listen.ts";
import { openListeners } from "../../drive/listen.ts";
import type { DataPlane } from "../../drive/plane.ts";
import type { Configuration } from "../../model/configuration.ts";
import { tellProblems } from "../alert.ts";
import { loadConfiguration } from "../check-load.ts";
import { adoptState, drain, makePlane } from "./make-plane.ts";

export interface ServingRequest {
  readonly paths: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

type Tell = (text: string) => void;

export class Serving {
  plane: DataPlane;
  private listeners: readonly OpenListener[] = [];

  constructor(
    plane: DataPlane,
    private readonly request: ServingRequest,
    private readonly tell: Tell,
  ) {
    this.plane = plane;
  }

  /** Opens all sockets; false when one can't be had, and then none stays open. */
  async open(shared: boolean): Promise<boolean> {
    const { open, failures } = openListeners(this.plane, shared);
    this.listeners = open;
    for (const { bind, detail } of failures) {
      this.tell(`[ALERT]    (${process.pid}) : cannot bind ${bind.text}: ${detail}\n`);
    }
    if (failures.length > 0) {
      this.close();
      return false;
    }
    await openLogs(this.plane);
    return true;
  }

  close(): void {
    for (const listener of this.listeners) listener.stop();
    this.listeners = [];
  }

  /**
   * Reads the configuration again and puts it in force on the same sockets. Requests that run finish on the old
   * rules; connections stay. A broken configuration changes nothing.
   * @returns the new data plane, or undefined when the old one stays
   */
  async reload(shared: boolean): Promise<DataPlane | undefined> {
    const plane = readPlane(this.request, this.tell);
    if (plane === undefined) return undefined;
    await openLogs(plane);
    adoptState(this.plane, plane);
    const before = this.plane;
    const { open, failures } = openListeners(plane, shared, this.listeners);
    for (const { bind, detail } of failures) {
      this.tell(`[ALERT]    (${process.pid}) : cannot bind ${bind.text}: ${detail}\n`);
    }
    this.listeners = open;
    this.plane = plane;
    drain(before);
    return plane;
  }
}

/** Reads the configuration anew; undefined, with the reasons told, when it can't be used. */
export function readPlane(request: ServingRequest, tell: Tell): DataPlane | undefined {
  const { result }: { readonly result: Result<Configuration> } = loadConfiguration({
    paths: request.paths,
    environment: request.env,
  });
  if (result.ok) return makePlane(result.value, tell);
  tellProblems(result, tell);
  tell(`[ALERT]    (${process.pid}) : reload refused: the running configuration stays\n`);
  return undefined;
}

export async function openLogs(plane: DataPlane): Promise<void> {
  await plane.logs.open(plane.configuration.proxies.flatMap((proxy) => proxy.logTargets));
}
