import { parseIp, type IpAddress } from "../model/ip.ts";
import type { FetchTable } from "./sample-types.ts";
import { plain, textArgument } from "./sample-types.ts";

const UNITS: Readonly<Record<string, number>> = { us: 1, ms: 1000 };

/** Times of the kernel's connection state: ms by default. */
function tcpTime(name: string): FetchTable[string] {
  return (values) => {
    const unit = UNITS[textArgument(values, 0, "ms")] ?? 1000;
    return {
      get: ({ client }) => {
        const us = client.tcpInfo(name);
        return us === undefined ? undefined : Math.floor(us / unit);
      },
    };
  };
}

const tcpCount = (name: string): FetchTable[string] => plain(({ client }) => client.tcpInfo(name));

/** Layer 4: the connections on both sides. */
export const CONNECTION_FETCHES: FetchTable = {
  src: plain(({ client }) => client.source),
  src_port: plain(({ client }) => client.sourcePort),
  dst: plain(({ client }) => client.destination),
  dst_port: plain(({ client }) => client.destinationPort),
  src_is_local: plain(({ client, world }) => (client.source === undefined ? undefined : world.isLocal(client.source))),
  dst_is_local: plain(({ client, world }) =>
    client.destination === undefined ? undefined : world.isLocal(client.destination),
  ),
  dst_conn: plain(({ client }) => client.listenerConnections),
  fc_src: plain(({ client }) => client.connectionSource),
  fc_src_port: plain(({ client }) => client.connectionSourcePort),
  fc_dst: plain(({ client }) => client.connectionDestination),
  fc_dst_port: plain(({ client }) => client.connectionDestinationPort),
  fc_src_is_local: plain(({ client, world }) =>
    client.connectionSource === undefined ? undefined : world.isLocal(client.connectionSource),
  ),
  fc_dst_is_local: plain(({ client, world }) =>
    client.connectionDestination === undefined ? undefined : world.isLocal(client.connectionDestination),
  ),
  fc_rcvd_proxy: plain(({ client }) => client.receivedProxyHeader),
  fc_pp_authority: plain(({ client }) => client.proxyAuthority),
  fc_pp_unique_id: plain(({ client }) => client.proxyUniqueId),
  fc_http_major: plain(({ client }) => client.httpMajor),
  fc_err: plain(() => 0),
  fc_err_str: plain(() => "Success"),
  fc_rtt: tcpTime("rtt"),
  fc_rttvar: tcpTime("rttvar"),
  fc_unacked: tcpCount("unacked"),
  fc_sacked: tcpCount("sacked"),
  fc_retrans: tcpCount("retrans"),
  fc_fackets: tcpCount("fackets"),
  fc_lost: tcpCount("lost"),
  fc_reordering: tcpCount("reordering"),
  so_id: plain(({ client }) => client.listenerId),
  so_name: plain(({ client }) => client.listenerName),
  bc_src: plain(({ server }) => server?.localAddress),
  bc_src_port: plain(({ server }) => server?.localPort),
  bc_dst: plain(({ server }) => server?.address),
  bc_dst_port: plain(({ server }) => server?.port),
  bc_http_major: plain(({ server }) => server?.httpMajor),
  bc_err: plain(() => 0),
  bc_err_str: plain(() => "Success"),
  srv_id: plain(({ server }) => server?.id),
  srv_name: plain(({ server }) => server?.name),
  always_true: plain(() => true),
  always_false: plain(() => false),
  "internal.strm.is_htx": plain(({ request }) => request !== undefined),
  ipv4: (values) => constantAddress(textArgument(values, 0)),
  ipv6: (values) => constantAddress(textArgument(values, 0)),
};

function constantAddress(text: string) {
  const address = parseConstant(text);
  return { get: () => address };
}

function parseConstant(text: string): IpAddress {
  const address = parseIp(text);
  if (address === undefined) throw new Error(`'${text}' was accepted as an address`);
  return address;
}
