/** The request that an operator asks about, and the listener that would take it. */
import type { DataPlane } from "../../drive/plane.ts";
import type { ListenerRuntime } from "../../drive/runtime.ts";
import type { RequestFacts } from "../../drive/explain/walk.ts";
import type { Bind } from "../../model/bind.ts";

export interface RequestWords {
  /** `GET http://host/path`, or the address alone. */
  readonly words: readonly string[];
  readonly headers: readonly string[];
  readonly cookies: readonly string[];
  readonly source: string;
  readonly bind: string | undefined;
}

export interface AskedRequest {
  readonly method: string;
  readonly url: URL;
  readonly bytes: Buffer;
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Reads the words; a sentence when they are no request. */
export function readRequest({ words, headers, cookies }: RequestWords): AskedRequest | string {
  const all = words.join(" ").trim().split(/\s+/);
  const [address = "", ...more] = all.length > 1 ? all.slice(1) : all;
  const method = all.length > 1 ? (all[0] ?? "") : "GET";
  if (more.length > 0) return `'${more.join(" ")}' is left over: write METHOD ADDRESS`;
  if (!TOKEN.test(method)) return `'${method}' is no method`;
  const text = /^https?:\/\//i.test(address)
    ? address
    : address.startsWith("/")
      ? `http://localhost${address}`
      : `http://${address}`;
  if (!URL.canParse(text)) return `'${address}' is no address: write http://HOST/PATH`;
  const url = new URL(text);
  // The target as it was written: what a parser would tidy up is just what rules may look at.
  const target = /^https?:\/\/[^/?#]*([^#]*)/i.exec(text)?.[1] ?? "/";
  const bad = headers.find((line) => !/^[^\s:]+\s*:/.test(line) || /[\r\n]/.test(line));
  if (bad !== undefined) return `'${bad}' is no header: write 'Name: value'`;
  const hasHost = headers.some((line) => /^host\s*:/i.test(line));
  const lines = [
    `${method} ${target.startsWith("/") ? target : `/${target}`} HTTP/1.1`,
    ...(hasHost ? [] : [`Host: ${url.host}`]),
    ...headers,
    ...(cookies.length === 0 ? [] : [`Cookie: ${cookies.join("; ")}`]),
  ];
  return { method, url, bytes: Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1") };
}

export interface Place {
  readonly listener: ListenerRuntime;
  readonly port: number;
  /** `frontend (address)`, as messages name it. */
  readonly text: string;
}

function placesOf(plane: DataPlane): readonly Place[] {
  return plane.frontends.flatMap((frontend) =>
    frontend.proxy.disabled
      ? []
      : frontend.proxy.binds.flatMap((bind, index) => {
          const listener: ListenerRuntime = { bind, id: bind.id ?? index + 1, frontend, becomeHttp2: undefined };
          const { address } = bind;
          const ports =
            address.kind === "ip"
              ? Array.from(
                  { length: Math.max(1, address.portEnd - address.port + 1) },
                  (_, more) => address.port + more,
                )
              : [0];
          return ports.map((port) => ({ listener, port, text: `${frontend.name} (${placeText(bind, port)})` }));
        }),
  );
}

function placeText(bind: Bind, port: number): string {
  return bind.address.kind === "ip" ? `${bind.address.host}:${port}` : bind.text;
}

/** The listener that takes the request; the sentence says why none is the one, or which there are. */
export function findPlace(plane: DataPlane, { url }: AskedRequest, name: string | undefined): Place | string {
  const all = placesOf(plane);
  const list = (places: readonly Place[]): string => places.map(({ text }) => text).join(", ");
  const named = all.filter(
    ({ listener: { bind, frontend }, port }) =>
      bind.name === name || frontend.name === name || placeText(bind, port) === name || bind.text === name,
  );
  if (name !== undefined && named.length === 0) return `nothing listens as '${name}'; there are ${list(all)}`;
  const isSecure = url.protocol === "https:";
  const sameKind = (name === undefined ? all : named).filter(
    ({ listener }) => (listener.bind.tls !== undefined) === isSecure,
  );
  const wanted = url.port === "" ? (isSecure ? 443 : 80) : Number(url.port);
  const samePort = sameKind.filter(({ port }) => port === wanted);
  // An address without a port may mean the one listener that there is.
  const open = samePort.length > 0 || (url.port !== "" && name === undefined) ? samePort : sameKind;
  const chosen = open.length > 0 || name === undefined ? open : named;
  const exact = chosen.filter(
    ({ listener: { bind } }) => bind.address.kind === "ip" && bind.address.host === url.hostname,
  );
  const left = exact.length === 1 ? exact : chosen;
  const [first, second] = left;
  if (first === undefined)
    return `nothing listens on port ${wanted} for ${url.protocol}//; there are ${list(all)}; choose with --bind`;
  if (second !== undefined) return `several listeners may take it: ${list(left)}; choose with --bind`;
  return first;
}

/** What the connection would be like. */
export function factsOf(asked: AskedRequest, place: Place, source: string): RequestFacts {
  const { address } = place.listener.bind;
  const any = address.kind !== "ip" || address.host === "0.0.0.0" || address.host === "::" || address.host === "";
  return {
    source,
    sourcePort: 40_000,
    destination: any ? (source.includes(":") ? "::1" : "127.0.0.1") : address.host,
    destinationPort: place.port,
    tlsName: place.listener.bind.tls === undefined ? undefined : asked.url.hostname,
  };
}
