/** How many connections with TLS the process has, of clients and to servers; checks are not counted. */
import { Occupied } from "./shared-counts.ts";

export class TlsPlaces extends Occupied {
  /** `maxsslconn`. */
  most = Number.POSITIVE_INFINITY;

  /** @returns what gives the place back, once however often it is called; nothing when there is none */
  take(): (() => void) | undefined {
    if (!this.tryEnter(this.most)) return undefined;
    let held = true;
    return () => {
      if (held) this.leave();
      held = false;
    };
  }
}

/** Of the process: connections outlive the configuration that they began with. */
export const tlsPlaces = new TlsPlaces();
