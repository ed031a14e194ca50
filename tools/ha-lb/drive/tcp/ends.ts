import type { Socket } from "bun";
import type { ProxyHeader } from "../../decide/proxy-protocol.ts";
import { plainAddress } from "../http/client.ts";
import type { Peer } from "../peer.ts";
import type { TcpStream } from "./stream.ts";

/** Who talks to whom. */
export interface Ends {
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
}

interface Session {
  readonly sourceAddress: string;
  readonly sourcePort: number;
  readonly proxyHeader: ProxyHeader | undefined;
  readonly socket: Socket<Peer> | undefined;
}

/** As the connection, a PROXY header, and rules that have seen `stream` have it. */
export function endsOf(session: Session, stream: TcpStream | undefined): Ends {
  const { proxyHeader, socket } = session;
  const seen = stream?.client;
  return {
    source: seen?.source?.toString() ?? session.sourceAddress,
    sourcePort: seen?.sourcePort ?? session.sourcePort,
    destination: seen?.destination?.toString() ?? proxyHeader?.destination ?? plainAddress(socket?.localAddress),
    destinationPort: seen?.destinationPort ?? proxyHeader?.destinationPort ?? socket?.localPort ?? 0,
  };
}
