/** The short form of a check: `tcp://127.0.0.1:80`, `http://…`, `process:nginx` … */
import { parseEndpoint } from "../../../shared/text/endpoint.ts";
import type { CheckTarget } from "../model/configuration.ts";

export const CHECK_FORMS =
  "tcp://HOST:PORT, http(s)://… [#status=N&match=TEXT], udp://HOST:PORT[#send=TEXT&match=TEXT], dns://SERVER/NAME, " +
  "process:NAME, file:PATH, exec:COMMAND or ocf:AGENT";

const DNS_PORT = 53;

function endpointOf(text: string, defaultPort?: number): { host: string; port: number } | undefined {
  const read = parseEndpoint(text, defaultPort === undefined ? {} : { defaultPort });
  return read.ok && read.value.port !== undefined ? { host: read.value.host, port: read.value.port } : undefined;
}

/** `#status=204&match=ready`: what the answer must be. */
function wishes(fragment: string): ReadonlyMap<string, string> {
  return new Map(new URLSearchParams(fragment));
}

function httpTarget(text: string): CheckTarget | undefined {
  const [url = "", fragment = ""] = text.split("#", 2);
  if (!URL.canParse(url)) return undefined;
  const found = wishes(fragment);
  const status = found.get("status");
  const match = found.get("match");
  if (status !== undefined && !/^[1-5]\d\d$/.test(status)) return undefined;
  return {
    kind: "http",
    url,
    ...(status === undefined ? {} : { status: Number(status) }),
    ...(match === undefined ? {} : { match }),
  };
}

/** Reads one target; undefined when it has none of the forms. */
export function parseCheckTarget(text: string): CheckTarget | undefined {
  if (/^https?:\/\/[^/]/.test(text)) return httpTarget(text);
  const [, scheme = "", rest = ""] = /^([a-z]+):(?:\/\/)?(.+)$/s.exec(text) ?? [];
  const [place = "", fragment = ""] = rest.split("#", 2);
  switch (scheme) {
    case "tcp": {
      const endpoint = endpointOf(rest);
      return endpoint === undefined ? undefined : { kind: "tcp", ...endpoint };
    }
    case "udp": {
      const endpoint = endpointOf(place);
      const found = wishes(fragment);
      const match = found.get("match");
      if (endpoint === undefined) return undefined;
      return { kind: "udp", ...endpoint, send: found.get("send") ?? "", ...(match === undefined ? {} : { match }) };
    }
    case "dns": {
      const [server = "", name = ""] = rest.split("/", 2);
      const endpoint = endpointOf(server, DNS_PORT);
      return endpoint === undefined || name === "" ? undefined : { kind: "dns", ...endpoint, name };
    }
    case "process":
      return { kind: "process", name: rest, quorum: 1 };
    case "file":
      // `file:///a` and `file:/a` are the same path.
      return { kind: "exists", path: text.replace(/^file:(\/\/)?/, "") };
    case "exec":
      return { kind: "exec", argv: rest.trim().split(/\s+/) };
    case "ocf":
      return { kind: "exec", argv: [rest, "monitor"] };
    default:
      return undefined;
  }
}
