/** What becomes of a word of the reference's language. */
export interface OptionStatus {
  readonly kind: "honoured" | "ignored" | "refused";
  readonly arguments: number;
  /** For ignored and refused ones: why, and what that means. */
  readonly means: string;
}

/** `word` or `word+N` (N arguments), separated by blanks. */
function honoured(words: string): readonly (readonly [string, OptionStatus])[] {
  return listed("honoured", words, "");
}

function listed(
  kind: OptionStatus["kind"],
  words: string,
  means: string,
): readonly (readonly [string, OptionStatus])[] {
  return words
    .split(/\s+/)
    .filter((word) => word !== "")
    .map((word) => {
      const [name = "", count = "0"] = word.split("+");
      return [name, { kind, arguments: Number(count), means }];
    });
}

/** The options of `bind` (chapter 5.1). */
export const BIND_OPTIONS: ReadonlyMap<string, OptionStatus> = new Map([
  ...honoured(`ssl crt+1 crt-list+1 ca-file+1 ca-verify-file+1 crl-file+1 ca-ignore-err+1 crt-ignore-err+1 ciphers+1
    ciphersuites+1 curves+1 alpn+1 verify+1 ssl-min-ver+1 ssl-max-ver+1 strict-sni no-tls-tickets no-ca-names
    prefer-client-ciphers tls-ticket-keys+1 force-sslv3 force-tlsv10 force-tlsv11 force-tlsv12 force-tlsv13 no-sslv3
    no-tlsv10 no-tlsv11 no-tlsv12 no-tlsv13 accept-proxy backlog+1 maxconn+1 id+1 name+1 interface+1 transparent
    v4v6 v6only mode+1 user+1 uid+1 group+1 gid+1 level+1 expose-fd+1 severity-output+1 proto+1 defer-accept tfo mss+1
    tcp-ut+1`),
  ...listed("ignored", "nice+1 process+1 thread+1 shards+1", "workers share the sockets by SO_REUSEPORT, all alike"),
  ...listed("ignored", "ecdhe+1", "the TLS library picks the curve; 'curves' limits it"),
  ...listed("ignored", "allow-0rtt", "early data isn't accepted: clients fall back to a full handshake"),
  ...listed("ignored", "npn+1", "NPN is obsolete: use 'alpn'"),
  ...listed("refused", "accept-netscaler-cip+1", "the NetScaler protocol isn't implemented; use 'accept-proxy'"),
  ...listed("refused", "generate-certificates ca-sign-file+1 ca-sign-pass+1", "certificates aren't made at run time"),
  ...listed("refused", "namespace+1", "start ha-lb inside the network namespace instead"),
  ...listed("refused", "quic-cc-algo+1 quic-force-retry", "QUIC isn't implemented"),
]);

/** The options of `server` and `default-server` (chapter 5.2). */
export const SERVER_OPTIONS: ReadonlyMap<string, OptionStatus> = new Map([
  ...honoured(`addr+1 agent-addr+1 agent-check agent-inter+1 agent-port+1 agent-send+1 alpn+1 backup ca-file+1 check
    check-alpn+1 check-proto+1 check-send-proxy check-sni+1 check-ssl ciphers+1 ciphersuites+1 cookie+1 crl-file+1 crt+1
    disabled downinter+1 enabled error-limit+1 fall+1 fastinter+1 force-sslv3 force-tlsv10 force-tlsv11 force-tlsv12
    force-tlsv13 id+1 init-addr+1 inter+1 max-reuse+1 maxconn+1 maxqueue+1 minconn+1 no-agent-check no-backup no-check
    no-check-send-proxy no-check-ssl no-send-proxy no-send-proxy-v2 no-send-proxy-v2-ssl no-send-proxy-v2-ssl-cn no-ssl
    no-ssl-reuse no-sslv3 no-tls-tickets no-tlsv10 no-tlsv11 no-tlsv12 no-tlsv13 non-stick observe+1 on-error+1
    on-marked-down+1 on-marked-up+1 pool-low-conn+1 pool-max-conn+1 pool-purge-delay+1 port+1 proto+1
    proxy-v2-options+1 redir+1 resolve-net+1 resolve-opts+1 resolve-prefer+1 resolvers+1 rise+1 send-proxy send-proxy-v2
    send-proxy-v2-ssl send-proxy-v2-ssl-cn slowstart+1 sni+1 source+1 ssl ssl-max-ver+1
    ssl-min-ver+1 ssl-reuse stick tcp-ut+1 tls-tickets track+1 verify+1 verifyhost+1 weight+1 ws+1`),
  ...listed("ignored", "tfo no-tfo", "connections to servers are opened without fast open"),
  ...listed("ignored", "allow-0rtt", "early data isn't sent to servers"),
  ...listed("ignored", "npn+1", "NPN is obsolete: use 'alpn'"),
  ...listed("ignored", "log-proto+1", "only rings use it"),
  ...listed("refused", "namespace+1", "start ha-lb inside the network namespace instead"),
  ...listed("refused", "socks4+1 check-via-socks4", "SOCKS proxies aren't implemented"),
  ...listed("refused", "usesrc+1", "write it after 'source'"),
]);
