/** What expressions see outside of all requests: `set-var` in the section `global`. */
import { compileExpression } from "../decide/expression.ts";
import { compileLogFormat } from "../decide/log-format.ts";
import type { CompileEnvironment } from "../decide/sample-types.ts";
import type { ClientView, LogView, ProxyView, SampleContext } from "../model/sample-context.ts";
import type { DataPlane } from "./plane.ts";
import { Variables } from "./stream-base.ts";

const NOBODY: ClientView = {
  source: undefined,
  sourcePort: 0,
  destination: undefined,
  destinationPort: 0,
  connectionSource: undefined,
  connectionSourcePort: 0,
  connectionDestination: undefined,
  connectionDestinationPort: 0,
  receivedProxyHeader: false,
  proxyAuthority: undefined,
  proxyUniqueId: undefined,
  httpMajor: 1,
  tls: undefined,
  listenerId: 0,
  listenerName: "",
  listenerConnections: 0,
  tcpInfo: () => undefined,
};

const NO_PROXY: ProxyView = { name: "", id: 0, defaultBackend: "", timeoutMs: () => 0 };

const NOTHING_YET: LogView = {
  acceptMs: 0,
  requestMs: 0,
  handshakeMs: -1,
  idleMs: -1,
  requestHeadMs: -1,
  queueMs: -1,
  connectMs: -1,
  responseMs: -1,
  dataMs: -1,
  activeMs: -1,
  totalMs: -1,
  userMs: -1,
  bytesRead: 0,
  bytesUploaded: 0,
  statusCode: -1,
  terminationState: "--",
  activeConnections: 0,
  frontendConnections: 0,
  backendConnections: 0,
  serverConnections: 0,
  retries: 0,
  redispatched: false,
  serverQueue: 0,
  backendQueue: 0,
  requestCount: 0,
  requestCookie: undefined,
  responseCookie: undefined,
  requestLine: "",
  requestCaptures: [],
  responseCaptures: [],
  processId: process.pid,
  early: false,
};

/** For whatever is evaluated outside of requests. */
export function processContext(plane: DataPlane): SampleContext {
  return {
    nowMs: Date.now(),
    client: NOBODY,
    request: undefined,
    response: undefined,
    server: undefined,
    frontend: NO_PROXY,
    backend: undefined,
    variables: new Variables(new Map(), plane.processVariables),
    world: plane.world,
    tables: plane.tables,
    tracked: () => undefined,
    requestBuffer: () => "",
    responseBuffer: () => "",
    inspectionEnded: true,
    random: Math.random,
    captured: () => undefined,
    lastRule: undefined,
    uniqueId: () => undefined,
    log: NOTHING_YET,
  };
}

/** Carries out `set-var` and `set-var-fmt` of the section `global`, in their order. */
export function setProcessVariables(plane: DataPlane, environment: CompileEnvironment): void {
  const context = processContext(plane);
  for (const { variable, value } of plane.configuration.global.variables) {
    const found =
      "parts" in value
        ? compileLogFormat(value, environment, "value")(context)
        : compileExpression(value, environment).get(context);
    if (found !== undefined) context.variables.set(variable.scope, variable.name, found);
  }
}
