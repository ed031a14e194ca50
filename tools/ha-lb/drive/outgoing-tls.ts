/** A server's TLS: its files are read once, its certificate is looked at on each connection. */
import type { ServerTls } from "../model/tls.ts";
import type { ConnectTls } from "./connect-tls.ts";
import { alpnOptions, serverTlsOptions } from "./tls.ts";
import { serverVerifier } from "./tls-verify.ts";

export class OutgoingTls {
  private readonly options: Bun.TLSOptions;
  private readonly verifier: ReturnType<typeof serverVerifier>;

  /** Throws when a file can't be read. */
  constructor(tls: ServerTls) {
    this.options = serverTlsOptions(tls);
    this.verifier = serverVerifier(tls);
  }

  /** `name`: what is asked for in the handshake (SNI), and must be in the certificate. */
  connect(name: string | undefined, protocols: readonly string[] = []): ConnectTls {
    return {
      // Without one the runtime would ask for the address.
      options: { ...this.options, serverName: name ?? "", ...alpnOptions(protocols) },
      accepts: this.verifier(name),
    };
  }
}
