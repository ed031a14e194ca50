/** What commands of an operator need of the process around a data plane; absent where a process can't do it itself. */
import type { Proxy } from "../model/proxy.ts";
import type { Server } from "../model/server.ts";
import type { FrontendRuntime, ServerRuntime } from "./runtime.ts";

export interface OperatorHooks {
  /** Reads the words of `add server`; gives the server or a sentence that says what is wrong. */
  parseServer?: (proxy: Proxy, name: string, words: readonly string[]) => Server | string;
  /** A frontend's sockets take connections, take none for now, or are closed for good. */
  listenAgain?: (frontend: FrontendRuntime) => void;
  listenNoMore?: (frontend: FrontendRuntime) => void;
  /** Certificates changed: listeners take the ones of now. Throws when they can't be used. */
  renewCertificates?: () => void;
  /** A server came at run time: checks begin when they are switched on. */
  watchServer?: (server: ServerRuntime) => void;
}
