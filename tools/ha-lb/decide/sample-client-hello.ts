/** What a TLS client says first (RFC 8446 section 4.1.2), as far as rules ask. */
export interface ClientHello {
  readonly serverName: string | undefined;
  readonly alpn: readonly string[];
  /** major × 65536 + minor: 196609 is 3.1, TLS 1.0. */
  readonly version: number;
  readonly hasCurves: boolean;
  /** 0: no ticket extension, 1: empty, 2: with a ticket. */
  readonly ticketExtension: number;
}

/** Extensions looked at in one hello. */
const EXTENSIONS_MAX = 64;

const word = (data: string, offset: number) => (data.charCodeAt(offset) << 8) | data.charCodeAt(offset + 1);

/**
 * Reads a client hello from the bytes received so far.
 * @returns undefined while it isn't complete, or when it is something else
 */
export function parseClientHello(data: string): ClientHello | undefined {
  if (data.length < 5 + 38 || data.charCodeAt(0) !== 22 || data.charCodeAt(1) !== 3) return undefined;
  const record = word(data, 3);
  if (data.length < 5 + record || data.charCodeAt(5) !== 1) return undefined;
  const end = 5 + record;
  const version = data.charCodeAt(9) * 65536 + data.charCodeAt(10);
  let offset = 11 + 32;
  offset += 1 + data.charCodeAt(offset);
  offset += 2 + word(data, offset);
  offset += 1 + data.charCodeAt(offset);
  const found = {
    serverName: undefined as string | undefined,
    alpn: [] as readonly string[],
    version,
    hasCurves: false,
    ticketExtension: 0,
  };
  if (Number.isNaN(offset) || offset + 2 > end) return offset <= end ? found : undefined;
  const stop = Math.min(end, offset + 2 + word(data, offset));
  offset += 2;
  for (let count = 0; offset + 4 <= stop && count < EXTENSIONS_MAX; count += 1) {
    const type = word(data, offset);
    const length = word(data, offset + 2);
    const body = data.slice(offset + 4, Math.min(stop, offset + 4 + length));
    if (type === 0) found.serverName = readServerName(body);
    else if (type === 16) found.alpn = readProtocols(body);
    else if (type === 10) found.hasCurves = true;
    else if (type === 35) found.ticketExtension = length === 0 ? 1 : 2;
    offset += 4 + length;
  }
  return found;
}

function readServerName(body: string): string | undefined {
  if (body.length < 5 || body.charCodeAt(2) !== 0) return undefined;
  const length = word(body, 3);
  return body.length >= 5 + length ? body.slice(5, 5 + length) : undefined;
}

function readProtocols(body: string): readonly string[] {
  const names: string[] = [];
  for (let offset = 2; offset < body.length;) {
    const length = body.charCodeAt(offset);
    if (length === 0) break;
    names.push(body.slice(offset + 1, offset + 1 + length));
    offset += 1 + length;
  }
  return names;
}
