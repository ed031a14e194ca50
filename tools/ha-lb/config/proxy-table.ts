/**
 * Every keyword of proxy sections (chapter 4), with where it may stand and what becomes of it.
 * Places, in this order: anonymous defaults, named defaults, frontend, listen, backend. `.` fine, `w` ignored
 * with a warning, `E` an error.
 */
import { lookUp } from "../../../shared/text/lookup.ts";

const PLACES = `
  acl E.... backlog ....w balance ..w.. bind EE..w capture EE..w clitcpka-cnt ....w clitcpka-idle ....w
  clitcpka-intvl ....w clitimeout ..... compression ..... contimeout ..... cookie ..w.. dataplane ....w declare EE..E
  default-server ..E.. default_backend ....w description EE... disabled ..... dispatch EEw.. dynamic-cookie-key ..w..
  email-alert ..... enabled ..... errorfile ..... errorfiles ..... errorloc ..... errorloc302 ..... errorloc303 .....
  error-log-format ....w force-persist EEw.. filter EE... fullconn ..w.. hash-type ..w.. hash-balance-factor .....
  http-after-response E.... http-check ..w.. http-error ..... http-request E.... http-response E.... http-reuse ..w..
  http-send-name-header ..w.. id EE... ignore-persist EEw.. load-server-state-from-file ..w.. log ..... log-format ....w
  log-format-sd ....w log-tag ..... max-keep-alive-queue ..w.. maxconn ....w mode ..... monitor EE..w monitor-uri ....w
  option ..... external-check ..w.. persist ..... rate-limit ....w redirect EE... retries ..w.. retry-on ..E..
  server EEE.. server-state-file-name ..w.. server-template EEE.. source ..w.. srvtcpka-cnt ..w.. srvtcpka-idle ..w..
  srvtcpka-intvl ..w.. srvtimeout ..... stats ..... stick EEw.. stick-table EE... tcp-check ..w.. tcp-request E....
  tcp-response E.E.. timeout ..... transparent ..... unique-id-format ..... unique-id-header ..... use_backend EE..w
  use-fcgi-app EEw.. use-server EEw.. bind-process .....
`;

/** Keywords without a reader here. */
const IGNORED: Readonly<Record<string, string>> = {
  "bind-process": "it was removed from HAProxy too; every worker serves every socket",
};

const REFUSED: Readonly<Record<string, string>> = {
  "use-fcgi-app": "there is no FastCGI back end; put a web server before the application",
  transparent: "connections can't be sent to their original address; name the servers",
};

/** Words of earlier versions, with what replaces them. */
const REMOVED: Readonly<Record<string, string>> = {
  appsession: "use 'stick on' with a 'stick-table'",
  block: "use 'http-request deny'",
  clitimeout: "use 'timeout client'",
  contimeout: "use 'timeout connect'",
  srvtimeout: "use 'timeout server'",
  cliexp: "use 'http-response replace-header'",
  redisp: "use 'option redispatch'",
  redispatch: "use 'option redispatch'",
  reqadd: "use 'http-request add-header'",
  reqallow: "use 'http-request allow'",
  reqdel: "use 'http-request del-header'",
  reqdeny: "use 'http-request deny'",
  reqiallow: "use 'http-request allow'",
  reqidel: "use 'http-request del-header'",
  reqideny: "use 'http-request deny'",
  reqipass: "use 'http-request'",
  reqirep: "use 'http-request replace-header' or 'replace-uri'",
  reqitarpit: "use 'http-request tarpit'",
  reqpass: "use 'http-request'",
  reqrep: "use 'http-request replace-header' or 'replace-uri'",
  reqtarpit: "use 'http-request tarpit'",
  rspadd: "use 'http-response add-header'",
  rspdel: "use 'http-response del-header'",
  rspdeny: "use 'http-response deny'",
  rspidel: "use 'http-response del-header'",
  rspideny: "use 'http-response deny'",
  rspirep: "use 'http-response replace-header'",
  rsprep: "use 'http-response replace-header'",
};

export interface ProxyKeyword {
  readonly name: string;
  readonly places: string;
  readonly kind: "honoured" | "ignored" | "refused" | "removed";
  readonly means: string;
}

function readTable(): ReadonlyMap<string, ProxyKeyword> {
  const words = PLACES.split(/\s+/).filter((word) => word !== "");
  const table = new Map<string, ProxyKeyword>();
  for (let index = 0; index < words.length; index += 2) {
    const name = words[index] ?? "";
    table.set(name, { name, places: words[index + 1] ?? ".....", ...statusOf(name) });
  }
  for (const name of Object.keys(REMOVED)) {
    if (!table.has(name)) table.set(name, { name, places: ".....", ...statusOf(name) });
  }
  return table;
}

function statusOf(name: string): Pick<ProxyKeyword, "kind" | "means"> {
  const refused = lookUp(REFUSED, name);
  if (refused !== undefined) return { kind: "refused", means: refused };
  const ignored = lookUp(IGNORED, name);
  if (ignored !== undefined) return { kind: "ignored", means: ignored };
  const removed = lookUp(REMOVED, name);
  return removed === undefined ? { kind: "honoured", means: "" } : { kind: "removed", means: removed };
}

export const PROXY_KEYWORDS = readTable();
