import { parseIp } from "../model/ip.ts";
import type { HeaderView, RequestView, SampleContext } from "../model/sample-context.ts";
import { Binary, type SampleValue } from "../model/value.ts";
import { hashOf } from "./sample-hash.ts";
import {
  parameters,
  pathAndQueryOf,
  pathOf,
  pickOccurrence,
  queryOf,
  requestCookies,
  responseCookies,
  splitHeaderValue,
} from "./sample-http-text.ts";
import {
  numberArgument,
  plain,
  textArgument,
  type CompiledSample,
  type FetchMaker,
  type FetchTable,
  type Get,
} from "./sample-types.ts";
import { decodeBasicAuth } from "./sample-auth.ts";

type Side = (context: SampleContext) => HeaderView | undefined;
const requestHeaders: Side = (context) => context.request?.headers;
const responseHeaders: Side = (context) => context.response?.headers;
const eitherHeaders: Side = (context) => context.response?.headers ?? context.request?.headers;

const NONE: readonly string[] = [];
const AS_TEXT = (text: string): SampleValue | undefined => text;

/** All values of a header: list elements, or whole lines when `full`. An empty name means any header. */
function headerValues(headers: HeaderView, name: string, full: boolean): readonly string[] {
  const lines = name === "" ? Array.from(headers.entries(), ([, value]) => value) : headers.all(name);
  if (lines.length === 0) return NONE;
  if (full) return lines;
  const [only] = lines;
  if (lines.length === 1 && only !== undefined && !only.includes(",")) return lines;
  return lines.flatMap((line) => splitHeaderValue(line));
}

/** `hdr(name,occurrence)`: the last value, or the one asked for; conditions see each. */
function header(side: Side, full: boolean, map: (text: string) => SampleValue | undefined = AS_TEXT): FetchMaker {
  return (values) => {
    const name = textArgument(values, 0).toLowerCase();
    const occurrence = numberArgument(values, 1, 0);
    const get: Get = (context) => {
      const headers = side(context);
      if (headers === undefined) return undefined;
      const text = pickOccurrence(headerValues(headers, name, full), occurrence);
      return text === undefined ? undefined : map(text);
    };
    if (occurrence !== 0) return { get };
    const all = (context: SampleContext): readonly SampleValue[] => {
      const headers = side(context);
      if (headers === undefined) return NONE;
      const texts = headerValues(headers, name, full);
      return map === AS_TEXT ? texts : texts.flatMap((text) => map(text) ?? []);
    };
    return { get, all };
  };
}

function headerCount(side: Side, full: boolean): FetchMaker {
  return (values) => {
    const name = textArgument(values, 0).toLowerCase();
    return {
      get: (context) => {
        const headers = side(context);
        return headers === undefined ? undefined : headerValues(headers, name, full).length;
      },
    };
  };
}

function headerNames(side: Side): FetchMaker {
  return (values) => {
    const separator = textArgument(values, 0, ",");
    return {
      get: (context) => {
        const headers = side(context);
        return headers === undefined
          ? undefined
          : Array.from(headers.entries(), ([name]) => name.toLowerCase()).join(separator);
      },
    };
  };
}

const integerText = (text: string): number => Number(/^[ \t]*-?\d{1,18}/.exec(text)?.[0] ?? 0);
const addressText = (text: string) =>
  parseIp(text.replace(/^\[(.*)\](:\d+)?$/, "$1").replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, "$1"));

/** Cookies of the request or of the response. */
function cookie(response: boolean, map: (text: string) => SampleValue = (text) => text): FetchMaker {
  return (values) => {
    const name = textArgument(values, 0);
    const all = (context: SampleContext): readonly string[] => {
      if (response) return responseCookies(context.response?.headers.all("set-cookie") ?? NONE, name);
      return requestCookies(context.request?.headers.all("cookie") ?? NONE, name);
    };
    return {
      get: (context) => {
        // A name's last one counts; without a name it is the first of all.
        const one = all(context).at(name === "" ? 0 : -1);
        return one === undefined ? undefined : map(one);
      },
      all: (context) => all(context).map(map),
    };
  };
}

function cookieCount(response: boolean): FetchMaker {
  return (values, environment) => {
    const found = cookie(response)(values, environment);
    return { get: (context) => found.all?.(context).length };
  };
}

function urlParameter(map: (text: string) => SampleValue = (text) => text): FetchMaker {
  return (values) => {
    const name = textArgument(values, 0);
    const delimiter = textArgument(values, 1, "?");
    const find = (context: SampleContext): readonly string[] => {
      const uri = context.request?.uri;
      if (uri === undefined) return NONE;
      const mark = uri.indexOf(delimiter);
      return mark < 0 ? NONE : parameters(uri.slice(mark + 1), name);
    };
    return {
      get: (context) => {
        const [first] = find(context);
        return first === undefined ? undefined : map(first);
      },
      all: (context) => find(context).map(map),
    };
  };
}

const bodyParameter: FetchMaker = (values) => {
  const name = textArgument(values, 0);
  const find = (context: SampleContext) =>
    context.request === undefined ? NONE : parameters(context.request.body(), name);
  return { get: (context) => find(context)[0], all: find };
};

function ofRequest(read: (request: RequestView) => SampleValue | undefined): FetchMaker {
  return plain((context) => (context.request === undefined ? undefined : read(context.request)));
}

/** Host (without a port) and path: what `base` is. */
function baseOf(request: RequestView, withQuery: boolean): string | undefined {
  const host = request.headers.all("host").at(-1) ?? "";
  const path = withQuery ? pathAndQueryOf(request.uri) : pathOf(request.uri);
  return path === undefined ? undefined : host + path;
}

const withSource = (hash: (context: SampleContext) => number | undefined): CompiledSample => ({
  get: (context) => {
    const number = hash(context);
    if (number === undefined) return undefined;
    return new Binary(
      String.fromCharCode(number >>> 24, (number >>> 16) & 255, (number >>> 8) & 255, number & 255) +
        (context.client.source?.toBytes() ?? ""),
    );
  },
});

const base32 = ({ request }: SampleContext): number | undefined => {
  const base = request === undefined ? undefined : baseOf(request, false);
  return base === undefined ? undefined : hashOf("sdbm", base, true);
};

const url32 = ({ request }: SampleContext): number | undefined => {
  if (request === undefined) return undefined;
  return hashOf("sdbm", (request.headers.all("host")[0] ?? "") + (pathAndQueryOf(request.uri) ?? ""), true);
};

function rawHeaders(headers: HeaderView): string {
  let text = "";
  for (const [name, value] of headers.entries()) text += `${name}: ${value}\r\n`;
  return `${text}\r\n`;
}

const authority = (request: RequestView): string | undefined =>
  /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(request.uri)?.[1];

export const HTTP_FETCHES: FetchTable = {
  method: ofRequest((request) => request.method),
  url: ofRequest((request) => request.uri),
  path: ofRequest((request) => pathOf(request.uri)),
  pathq: ofRequest((request) => pathAndQueryOf(request.uri)),
  query: ofRequest((request) => queryOf(request.uri)),
  base: ofRequest((request) => baseOf(request, false)),
  baseq: ofRequest((request) => baseOf(request, true)),
  base32: plain(base32),
  "base32+src": () => withSource(base32),
  url32: plain(url32),
  "url32+src": () => withSource(url32),
  url_ip: ofRequest((request) => addressText(authority(request) ?? "")),
  url_port: ofRequest((request) => {
    const host = authority(request);
    return host === undefined ? undefined : Number(/:(\d+)$/.exec(host)?.[1] ?? 80);
  }),
  "req.ver": ofRequest((request) => request.version),
  req_ver: ofRequest((request) => request.version),
  http_first_req: ofRequest((request) => request.first),
  "req.proto_http": plain((context) => context.request !== undefined),
  req_proto_http: plain((context) => context.request !== undefined),
  "req.hdr": header(requestHeaders, false),
  hdr: header(eitherRequestFirst, false),
  "req.fhdr": header(requestHeaders, true),
  "res.hdr": header(responseHeaders, false),
  "res.fhdr": header(responseHeaders, true),
  shdr: header(responseHeaders, false),
  "req.hdr_cnt": headerCount(requestHeaders, false),
  hdr_cnt: headerCount(requestHeaders, false),
  "req.fhdr_cnt": headerCount(requestHeaders, true),
  "res.hdr_cnt": headerCount(responseHeaders, false),
  "res.fhdr_cnt": headerCount(responseHeaders, true),
  shdr_cnt: headerCount(responseHeaders, false),
  "req.hdr_val": header(requestHeaders, false, integerText),
  hdr_val: header(requestHeaders, false, integerText),
  "res.hdr_val": header(responseHeaders, false, integerText),
  shdr_val: header(responseHeaders, false, integerText),
  "req.hdr_ip": header(requestHeaders, false, addressText),
  hdr_ip: header(requestHeaders, false, addressText),
  "res.hdr_ip": header(responseHeaders, false, addressText),
  shdr_ip: header(responseHeaders, false, addressText),
  "req.hdr_names": headerNames(requestHeaders),
  "res.hdr_names": headerNames(responseHeaders),
  "req.hdrs": ofRequest((request) => rawHeaders(request.headers)),
  "res.hdrs": plain((context) => (context.response === undefined ? undefined : rawHeaders(context.response.headers))),
  "req.cook": cookie(false),
  cook: cookie(false),
  cookie: cookie(false),
  "req.cook_val": cookie(false, integerText),
  cook_val: cookie(false, integerText),
  "req.cook_cnt": cookieCount(false),
  cook_cnt: cookieCount(false),
  "res.cook": cookie(true),
  scook: cookie(true),
  "res.cook_val": cookie(true, integerText),
  scook_val: cookie(true, integerText),
  "res.cook_cnt": cookieCount(true),
  scook_cnt: cookieCount(true),
  urlp: urlParameter(),
  url_param: urlParameter(),
  urlp_val: urlParameter(integerText),
  "req.body": ofRequest((request) => new Binary(request.body())),
  "req.body_len": ofRequest((request) => request.body().length),
  "req.body_size": ofRequest((request) => request.bodySize()),
  "req.body_param": bodyParameter,
  "res.body": plain((context) => (context.response === undefined ? undefined : new Binary(context.response.body()))),
  "res.body_len": plain((context) => context.response?.body().length),
  "res.body_size": plain((context) => context.response?.bodySize()),
  status: plain((context) => context.response?.status),
  "res.ver": plain((context) => context.response?.version),
  resp_ver: plain((context) => context.response?.version),
  http_auth_type: ofRequest((request) => request.headers.all("authorization")[0]?.split(" ")[0]),
  http_auth_user: ofRequest((request) => decodeBasicAuth(request)?.user),
  http_auth_pass: ofRequest((request) => decodeBasicAuth(request)?.password),
  http_auth_bearer: (values) => {
    const name = textArgument(values, 0, "authorization").toLowerCase();
    return {
      get: ({ request }) => {
        const text = request?.headers.all(name)[0] ?? "";
        return name === "authorization" ? /^bearer +(.*)$/i.exec(text)?.[1] : /^(?:bearer +)?(.+)$/i.exec(text)?.[1];
      },
    };
  },
  http_auth: (values) => {
    const list = textArgument(values, 0);
    return {
      get: ({ request, world }) => {
        const given = request === undefined ? undefined : decodeBasicAuth(request);
        return given !== undefined && world.authenticate(list, given.user, given.password) !== undefined;
      },
    };
  },
  http_auth_group: (values) => {
    const list = textArgument(values, 0);
    const groups = ({ request, world }: SampleContext): readonly string[] => {
      const given = request === undefined ? undefined : decodeBasicAuth(request);
      return given === undefined ? NONE : (world.authenticate(list, given.user, given.password)?.groups ?? NONE);
    };
    return { get: (context) => groups(context)[0], all: groups };
  },
  "capture.req.hdr": (values) => {
    const slot = numberArgument(values, 0, 0);
    return { get: (context) => context.captured("request", slot) };
  },
  "capture.res.hdr": (values) => {
    const slot = numberArgument(values, 0, 0);
    return { get: (context) => context.captured("response", slot) };
  },
  "capture.req.method": ofRequest((request) => request.method),
  "capture.req.uri": ofRequest((request) => request.uri),
  "capture.req.ver": ofRequest((request) => `HTTP/${request.version}`),
  "capture.res.ver": plain((context) =>
    context.response === undefined ? undefined : `HTTP/${context.response.version}`,
  ),
};

/** `hdr` means the request's headers, also in response rules where the request is still known. */
function eitherRequestFirst(context: SampleContext): HeaderView | undefined {
  return context.request?.headers ?? eitherHeaders(context);
}
