/**
 * etcd v3 over its HTTP/JSON gateway (etcd 3.4 and later serve it on the client port). Keys and values travel as base64,
 * 64-bit numbers as text. Endpoints are tried in turn.
 */
export interface EtcdOptions {
  /** For example `http://127.0.0.1:2379`. */
  readonly endpoints: readonly string[];
  readonly timeoutMs: number;
  /** Client certificate, key and authority as PEM, for `https` endpoints. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** For an etcd that asks for names and passwords. */
  readonly user?: { readonly name: string; readonly password: string };
}

export type GatewayAnswer =
  | { readonly kind: "ok"; readonly body: unknown }
  /** etcd answered with an error: its gRPC code and message. */
  | { readonly kind: "error"; readonly code: number; readonly message: string }
  /** Nobody could be reached: nothing was done. */
  | { readonly kind: "unreachable"; readonly message: string }
  /** The request went out and no answer came. */
  | { readonly kind: "lost"; readonly message: string };

const GRPC_UNAVAILABLE = 14;
const GRPC_UNAUTHENTICATED = 16;

export class EtcdGateway {
  private preferred = 0;
  /** What etcd gave for name and password; it forgets it after a while, and at a restart. */
  private token: string | null = null;

  constructor(readonly options: EtcdOptions) {
    if (options.endpoints.length === 0) throw new Error("etcd needs at least one endpoint");
  }

  /**
   * Calls one method, e.g. `/v3/kv/range`. A refused connection is tried on the next endpoint; `repeatable` calls, which
   * change nothing that a repetition could change again, also when no answer came, or the member has no leader.
   */
  async call(path: string, body: unknown, repeatable = false): Promise<GatewayAnswer> {
    const { endpoints } = this.options;
    let last: GatewayAnswer = { kind: "unreachable", message: "no endpoint" };
    for (let tries = 0; tries < endpoints.length; tries += 1) {
      last = await this.callWithToken(endpoints[this.preferred % endpoints.length] ?? "", path, body);
      const lame = last.kind === "lost" || (last.kind === "error" && last.code === GRPC_UNAVAILABLE);
      if (!lame && last.kind !== "unreachable") return last;
      // Whoever hangs or has no leader isn't asked first the next time.
      this.preferred += 1;
      if (lame && !repeatable) return last;
    }
    return last;
  }

  private async callWithToken(endpoint: string, path: string, body: unknown): Promise<GatewayAnswer> {
    const { user } = this.options;
    if (user === undefined) return await this.callOne(endpoint, path, body);
    const known = this.token !== null;
    if (!known) await this.logIn(endpoint, user);
    const answer = await this.callOne(endpoint, path, body);
    // A forgotten token is refused before anything is done: the call may be made again.
    if (answer.kind !== "error" || answer.code !== GRPC_UNAUTHENTICATED || !known) return answer;
    await this.logIn(endpoint, user);
    return await this.callOne(endpoint, path, body);
  }

  private async logIn(endpoint: string, user: { readonly name: string; readonly password: string }): Promise<void> {
    this.token = null;
    const answer = await this.callOne(endpoint, "/v3/auth/authenticate", user);
    if (answer.kind === "ok") this.token = textAt(answer.body, "token");
  }

  private async callOne(endpoint: string, path: string, body: unknown): Promise<GatewayAnswer> {
    try {
      const response = await this.open(endpoint + path, body, AbortSignal.timeout(this.options.timeoutMs));
      const parsed: unknown = await response.json();
      if (response.ok) return { kind: "ok", body: parsed };
      return { kind: "error", code: numberAt(parsed, "code"), message: textAt(parsed, "message") };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const code = error instanceof Error && "code" in error ? String(error.code) : "";
      const refused = code === "ConnectionRefused" || code === "ECONNREFUSED" || code === "FailedToOpenSocket";
      return { kind: refused ? "unreachable" : "lost", message };
    }
  }

  /** Opens a stream of answers, one JSON object a line. */
  async stream(path: string, body: unknown, signal: AbortSignal): Promise<Response> {
    const { endpoints, user } = this.options;
    const endpoint = endpoints[this.preferred % endpoints.length] ?? "";
    if (user !== undefined && this.token === null) await this.logIn(endpoint, user);
    return await this.open(endpoint + path, body, signal);
  }

  /** A stream was ended by etcd, which may have forgotten who this is. */
  forgetToken(): void {
    this.token = null;
  }

  private open(url: string, body: unknown, signal: AbortSignal): Promise<Response> {
    const { tls } = this.options;
    const headers: Record<string, string> = this.token === null ? {} : { Authorization: this.token };
    const request = { method: "POST", headers, body: JSON.stringify(body), signal };
    return fetch(url, { ...request, ...(tls === undefined ? {} : { tls }) });
  }

  nextEndpoint(): void {
    this.preferred += 1;
  }
}

export function field(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}

/** A number that may be written as text, as protobuf's JSON form has 64-bit ones; absent is 0. */
export function numberAt(value: unknown, name: string): number {
  const found = field(value, name);
  return found === undefined ? 0 : Number(found);
}

export function textAt(value: unknown, name: string): string {
  const found = field(value, name);
  return typeof found === "string" ? found : typeof found === "number" ? String(found) : "";
}

export function listAt(value: unknown, name: string): readonly unknown[] {
  const found = field(value, name);
  return Array.isArray(found) ? found : [];
}

export function toBase64(text: string): string {
  return Buffer.from(text).toString("base64");
}

export function fromBase64(text: string): string {
  return Buffer.from(text, "base64").toString();
}

/** The end of the range of all keys with a prefix: the prefix with its last byte raised. */
export function rangeEnd(prefix: string): string {
  const bytes = Buffer.from(prefix);
  for (let at = bytes.length - 1; at >= 0; at -= 1) {
    const byte = bytes[at] ?? 0;
    if (byte < 0xff) {
      bytes[at] = byte + 1;
      return bytes.subarray(0, at + 1).toString("base64");
    }
  }
  return "AA==";
}
