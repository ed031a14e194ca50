import type { LogStyle } from "../model/proxy.ts";

/**
 * The ready-made formats of chapter 8.2, as log-format strings to be read by the same reader as the operator's.
 * `default` has no string of its own: it is written when a connection is accepted.
 */
export const LOG_STYLE_FORMATS: Readonly<Record<Exclude<LogStyle, "custom">, string>> = {
  default: "Connect from %ci:%cp to %fi:%fp (%f/TCP)",
  "default-http": "Connect from %ci:%cp to %fi:%fp (%f/HTTP)",
  tcp: "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq",
  http: "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r",
  "http-clf":
    '%{+Q}o %{-Q}ci - - [%trg] %r %ST %B "" "" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc %ac %fc %bc %sc %rc %sq %bq %CC %CS %hrl %hsl',
  https:
    "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r %[fc_err]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] %[ssl_fc_sni]/%sslv/%sslc",
  json: '{"time":"%tr","client":"%ci","client_port":%cp,"frontend":"%f","backend":"%b","server":"%s","method":"%HM","path":"%HP","query":"%HQ","version":"%HV","status":%ST,"bytes_read":%B,"bytes_uploaded":%U,"time_request_ms":%TR,"time_queue_ms":%Tw,"time_connect_ms":%Tc,"time_response_ms":%Tr,"time_active_ms":%Ta,"termination":"%tsc","retries":"%rc"}',
};
