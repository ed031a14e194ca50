/** What expressions and formats of a health check see: its variables, its server, and the answer so far. */
import { parseResponse } from "../../decide/check-expect.ts";
import { compileExpression } from "../../decide/expression.ts";
import { compileLogFormat, type Render } from "../../decide/log-format.ts";
import { parseIp } from "../../model/ip.ts";
import type { LogFormat } from "../../model/log-format.ts";
import type { SampleExpression } from "../../model/sample.ts";
import type { ResponseView, SampleContext } from "../../model/sample-context.ts";
import type { SampleValue } from "../../model/value.ts";
import type { DataPlane } from "../plane.ts";
import { processContext } from "../process-context.ts";
import type { ServerRuntime } from "../runtime.ts";
import { plainProxyView } from "../stream-base.ts";

export class CheckContext {
  private readonly renders = new Map<LogFormat, Render>();
  private readonly context: SampleContext;
  private readonly environment: ReturnType<DataPlane["environmentOf"]>;

  constructor(plane: DataPlane, server: ServerRuntime, answer: () => string) {
    const { backend } = server;
    this.environment = plane.environmentOf(backend.name);
    this.context = {
      ...processContext(plane),
      backend: plainProxyView(backend),
      server: {
        name: server.name,
        id: server.id,
        address: parseIp(server.host),
        port: server.port,
        localAddress: undefined,
        localPort: 0,
        httpMajor: 1,
        tls: undefined,
      },
      get response() {
        return responseOf(answer());
      },
      responseBuffer: answer,
    };
  }

  render(format: LogFormat): string {
    const known = this.renders.get(format) ?? compileLogFormat(format, this.environment, "value");
    this.renders.set(format, known);
    return known(this.context);
  }

  evaluate(expression: SampleExpression): SampleValue | undefined {
    return compileExpression(expression, this.environment).get(this.context);
  }

  set(name: Parameters<SampleContext["variables"]["unset"]>, value: SampleValue | undefined): void {
    const { variables } = this.context;
    if (value === undefined) variables.unset(...name);
    else variables.set(...name, value);
  }
}

function responseOf(answer: string): ResponseView | undefined {
  const { body, headers, status } = parseResponse(answer);
  if (status === undefined) return undefined;
  return {
    status,
    version: "1.1",
    headers: {
      all: (name) => headers.filter(([its]) => its === name).map(([, value]) => value),
      entries: () => headers,
    },
    body: () => body,
    bodySize: () => body.length,
  };
}
