import { Binary, type SampleValue } from "../model/value.ts";
import type { SampleContext } from "../model/sample-context.ts";
import { parseClientHello } from "./sample-client-hello.ts";
import { numberArgument, plain, textArgument, type FetchMaker, type FetchTable } from "./sample-types.ts";

type Buffer = (context: SampleContext) => string;
const requestBuffer: Buffer = (context) => context.requestBuffer();
const responseBuffer: Buffer = (context) => context.responseBuffer();

/** `payload(offset,length)`: 0 means all there is; nothing until enough has come. */
function payload(buffer: Buffer): FetchMaker {
  return (values) => {
    const offset = numberArgument(values, 0, 0);
    const length = numberArgument(values, 1, 0);
    return {
      get: (context) => {
        const data = buffer(context);
        if (data.length < offset + length || data.length === 0) return undefined;
        return new Binary(data.slice(offset, length === 0 ? data.length : offset + length));
      },
    };
  };
}

/** `payload_lv(offset1,length[,offset2])`: the length of what is wanted stands in the data. */
function lengthPayload(buffer: Buffer): FetchMaker {
  return (values) => {
    const offset = numberArgument(values, 0, 0);
    const width = numberArgument(values, 1, 0);
    const second = textArgument(values, 2);
    return {
      get: (context) => {
        const data = buffer(context);
        if (data.length < offset + width) return undefined;
        let size = 0;
        for (let index = 0; index < width; index += 1) size = size * 256 + data.charCodeAt(offset + index);
        const start =
          second === "" ? offset + width : /^[+-]/.test(second) ? offset + width + Number(second) : Number(second);
        return start >= 0 && data.length >= start + size ? new Binary(data.slice(start, start + size)) : undefined;
      },
    };
  };
}

function hello(read: (found: NonNullable<ReturnType<typeof parseClientHello>>) => SampleValue | undefined): FetchMaker {
  return plain((context) => {
    const found = parseClientHello(context.requestBuffer());
    return found === undefined ? undefined : read(found);
  });
}

/** The type of the first handshake message: 1 client hello, 2 server hello. Nothing before its record is whole. */
function helloType(buffer: Buffer): FetchMaker {
  return plain((context) => {
    const data = buffer(context);
    if (data.length < 6 || data.charCodeAt(0) !== 22 || data.charCodeAt(1) !== 3) return undefined;
    const recordBytes = data.charCodeAt(3) * 256 + data.charCodeAt(4);
    return data.length >= 5 + recordBytes ? data.charCodeAt(5) : undefined;
  });
}

/** Layer 6: bytes that came and weren't forwarded yet. */
export const BUFFER_FETCHES: FetchTable = {
  "req.payload": payload(requestBuffer),
  payload: payload(requestBuffer),
  "res.payload": payload(responseBuffer),
  "req.payload_lv": lengthPayload(requestBuffer),
  payload_lv: lengthPayload(requestBuffer),
  "res.payload_lv": lengthPayload(responseBuffer),
  "req.len": plain((context) => context.requestBuffer().length),
  req_len: plain((context) => context.requestBuffer().length),
  "res.len": plain((context) => context.responseBuffer().length),
  wait_end: plain((context) => context.inspectionEnded),
  "req.ssl_hello_type": helloType(requestBuffer),
  req_ssl_hello_type: helloType(requestBuffer),
  "res.ssl_hello_type": helloType(responseBuffer),
  rep_ssl_hello_type: helloType(responseBuffer),
  "req.ssl_sni": hello((found) => found.serverName),
  req_ssl_sni: hello((found) => found.serverName),
  "req.ssl_alpn": hello((found) => found.alpn[0]),
  "req.ssl_ver": hello((found) => found.version),
  req_ssl_ver: hello((found) => found.version),
  "req.ssl_ec_ext": hello((found) => found.hasCurves),
  "req.ssl_st_ext": hello((found) => found.ticketExtension),
};
