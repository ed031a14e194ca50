import type { CertificateView, SampleContext, TlsView } from "../model/sample-context.ts";
import { Binary, type SampleValue } from "../model/value.ts";
import { pickOccurrence } from "./sample-http-text.ts";
import { numberArgument, plain, textArgument, type FetchMaker, type FetchTable } from "./sample-types.ts";

type Connection = (context: SampleContext) => TlsView | undefined;
const front: Connection = ({ client }) => client.tls;
const back: Connection = ({ server }) => server?.tls;

function ofTls(connection: Connection, read: (tls: TlsView) => SampleValue | undefined): FetchMaker {
  return plain((context) => {
    const tls = connection(context);
    return tls === undefined ? undefined : read(tls);
  });
}

function ofCertificate(
  which: "client" | "frontend" | "server",
  read: (certificate: CertificateView) => SampleValue | undefined,
): FetchMaker {
  const connection = which === "server" ? back : front;
  return plain((context) => {
    const certificate = connection(context)?.certificate(which);
    return certificate === undefined ? undefined : read(certificate);
  });
}

/** `/C=FR/O=Example/CN=host`, RFC 2253 form on request, or one entry by name and occurrence. */
function distinguishedName(which: "client" | "frontend" | "server", part: "subject" | "issuer"): FetchMaker {
  return (values) => {
    const name = textArgument(values, 0);
    const occurrence = numberArgument(values, 1, 1);
    const rfc2253 = textArgument(values, 2) === "rfc2253";
    const connection = which === "server" ? back : front;
    return {
      get: (context) => {
        const entries = connection(context)?.certificate(which)?.[part];
        if (entries === undefined) return undefined;
        if (name !== "")
          return pickOccurrence(
            entries.filter(([key]) => key === name),
            occurrence,
          )?.[1];
        if (rfc2253)
          return entries
            .toReversed()
            .map(([key, value]) => `${key}=${escaped(value)}`)
            .join(",");
        return entries.map(([key, value]) => `/${key}=${value}`).join("");
      },
    };
  };
}

/** RFC 2253, section 2.4: what would end a value or be no plain text. */
function escaped(value: string): string {
  return value
    .replace(/[,+"\\<>;]|^[# ]| $/g, "\\$&")
    .replace(/[^\x20-\x7e]/g, (unit) => `\\${unit.charCodeAt(0).toString(16).padStart(2, "0").toUpperCase()}`);
}

function certificateFetches(prefix: "c" | "f" | "s", which: "client" | "frontend" | "server"): FetchTable {
  const bytes = (read: (certificate: CertificateView) => string) =>
    ofCertificate(which, (certificate) => new Binary(read(certificate)));
  return {
    [`ssl_${prefix}_der`]: bytes((certificate) => certificate.der),
    [`ssl_${prefix}_chain_der`]: bytes((certificate) => certificate.chainDer),
    [`ssl_${prefix}_sha1`]: bytes((certificate) => certificate.sha1),
    [`ssl_${prefix}_serial`]: bytes((certificate) => certificate.serial),
    [`ssl_${prefix}_s_dn`]: distinguishedName(which, "subject"),
    [`ssl_${prefix}_i_dn`]: distinguishedName(which, "issuer"),
    [`ssl_${prefix}_notbefore`]: ofCertificate(which, (certificate) => certificate.notBefore),
    [`ssl_${prefix}_notafter`]: ofCertificate(which, (certificate) => certificate.notAfter),
    [`ssl_${prefix}_key_alg`]: ofCertificate(which, (certificate) => certificate.keyAlgorithm),
    [`ssl_${prefix}_sig_alg`]: ofCertificate(which, (certificate) => certificate.signatureAlgorithm),
    [`ssl_${prefix}_version`]: ofCertificate(which, (certificate) => certificate.version),
  };
}

function connectionFetches(prefix: "ssl_fc" | "ssl_bc", connection: Connection): FetchTable {
  return {
    [prefix]: plain((context) => connection(context) !== undefined),
    [`${prefix}_protocol`]: ofTls(connection, (tls) => tls.protocol),
    [`${prefix}_cipher`]: ofTls(connection, (tls) => tls.cipher),
    [`${prefix}_alpn`]: ofTls(connection, (tls) => (tls.alpn === "" ? undefined : tls.alpn)),
    [`${prefix}_npn`]: plain(() => undefined),
    [`${prefix}_is_resumed`]: plain((context) => connection(context)?.resumed ?? false),
    [`${prefix}_alg_keysize`]: ofTls(connection, (tls) => tls.keyBits),
    [`${prefix}_use_keysize`]: ofTls(connection, (tls) => tls.keyBits),
    [`${prefix}_session_id`]: ofTls(connection, (tls) => new Binary(tls.sessionId)),
  };
}

/** Layer 5: TLS on both sides. */
export const TLS_FETCHES: FetchTable = {
  ...connectionFetches("ssl_fc", front),
  ...connectionFetches("ssl_bc", back),
  ...certificateFetches("c", "client"),
  ...certificateFetches("f", "frontend"),
  ...certificateFetches("s", "server"),
  ssl_fc_sni: ofTls(front, (tls) => tls.serverName),
  ssl_fc_has_sni: plain(({ client }) => client.tls?.serverName !== undefined),
  ssl_fc_has_crt: plain(({ client }) => client.tls?.certificate("client") !== undefined),
  ssl_fc_has_early: plain(({ client }) => client.tls?.earlyData ?? false),
  ssl_c_used: plain(({ client }) => client.tls?.clientCertificateUsed ?? false),
  ssl_c_verify: ofTls(front, (tls) => tls.verifyResult),
  ssl_c_err: ofTls(front, (tls) => tls.verifyResult),
  ssl_c_ca_err: plain(() => 0),
  ssl_c_ca_err_depth: plain(() => 0),
};
