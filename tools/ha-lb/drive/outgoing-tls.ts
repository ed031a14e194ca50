/** A server's TLS: its files are read once, its certificate is looked at on each connection. */
import type { ServerTls } from "../model/tls.ts";
import type { ConnectTls, SessionPlace } from "./connect-tls.ts";
import { alpnOptions, serverTlsOptions } from "./tls.ts";
import { serverVerifier } from "./tls-verify.ts";

/** Names that sessions are kept for: `sni` may give as many as clients think of. */
const MOST_SESSIONS = 1000;

export class OutgoingTls {
  /** The last session of each name and offer of protocols: the next handshake is a short one. */
  private readonly sessions = new Map<string, Uint8Array>();
  private readonly options: Bun.TLSOptions;
  private readonly verifier: ReturnType<typeof serverVerifier>;

  /** Throws when a file can't be read. */
  constructor(private readonly tls: ServerTls) {
    this.options = serverTlsOptions(tls);
    this.verifier = serverVerifier(tls);
  }

  /** `name`: what is asked for in the handshake (SNI), and must be in the certificate. */
  connect(name: string | undefined, protocols: readonly string[] = []): ConnectTls {
    return {
      // Without one the runtime would ask for the address.
      options: { ...this.options, serverName: name ?? "", ...alpnOptions(protocols) },
      accepts: this.verifier(name),
      ...(this.tls.noReuse ? {} : { session: this.placeOf(`${name ?? ""} ${protocols.join(" ")}`) }),
    };
  }

  private placeOf(key: string): SessionPlace {
    const { sessions } = this;
    return {
      last: () => sessions.get(key),
      keep(session) {
        // The oldest goes.
        sessions.delete(key);
        for (const oldest of sessions.keys()) {
          if (sessions.size < MOST_SESSIONS) break;
          sessions.delete(oldest);
        }
        sessions.set(key, session);
      },
    };
  }
}
