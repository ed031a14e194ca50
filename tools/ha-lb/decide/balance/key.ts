import type { HashType, BalanceAlgorithm } from "../../model/balance.ts";
import type { SampleContext } from "../../model/sample-context.ts";
import { compileExpression } from "../expression.ts";
import { toText } from "../sample-cast.ts";
import { fullAvalanche, hashOf } from "../sample-hash.ts";
import { parameters, pathAndQueryOf } from "../sample-http-text.ts";
import type { CompileEnvironment } from "../sample-types.ts";

/** The number that a hashing algorithm looks at; undefined when the request has none: then turns are taken. */
export type KeyOf = (context: SampleContext) => number | undefined;

/** Compiles what an algorithm hashes; undefined for algorithms that hash nothing. */
export function compileKey(
  algorithm: BalanceAlgorithm,
  hashType: HashType,
  environment: CompileEnvironment,
): KeyOf | undefined {
  const hash = (bytes: string): number => hashBytes(bytes, hashType);
  switch (algorithm.kind) {
    case "source":
      return ({ client }) => {
        const words = client.source?.words;
        if (words === undefined) return undefined;
        const folded = words.reduce((sum, word) => sum ^ word, 0) >>> 0;
        return hashType.avalanche ? fullAvalanche(folded) : folded;
      };
    case "uri":
      return ({ request }) => (request === undefined ? undefined : hash(uriPart(request.uri, algorithm)));
    case "url_param":
      return ({ request }) => {
        const mark = request?.uri.indexOf("?") ?? -1;
        const query = mark < 0 ? "" : (request?.uri.slice(mark + 1) ?? "");
        const value =
          parameters(query, algorithm.parameter)[0] ??
          (request?.method === "POST" ? parameters(request.body(), algorithm.parameter)[0] : undefined);
        return value === undefined ? undefined : hash(value);
      };
    case "hdr": {
      const name = algorithm.name.toLowerCase();
      return ({ request }) => {
        const value = request?.headers.all(name).at(-1);
        if (value === undefined) return undefined;
        return hash(algorithm.domainOnly && name === "host" ? mainDomain(value) : value);
      };
    }
    case "rdp-cookie":
      return (context) => {
        const found = new RegExp(`Cookie: ${algorithm.name}=([^\\r\\n;]*)`, "i").exec(context.requestBuffer())?.[1];
        return found === undefined ? undefined : hash(found);
      };
    case "hash": {
      const { get } = compileExpression(algorithm.key, environment);
      return (context) => {
        const value = get(context);
        return value === undefined ? undefined : hash(toText(value));
      };
    }
    case "roundrobin":
    case "static-rr":
    case "leastconn":
    case "first":
    case "random":
      return undefined;
  }
}

function hashBytes(bytes: string, hashType: HashType): number {
  const number =
    hashType.function === "none" ? Number.parseInt(bytes, 10) >>> 0 : hashOf(hashType.function, bytes, false);
  return hashType.avalanche ? fullAvalanche(number) : number;
}

/** The part of the target that counts: up to the query, `depth` directories, `length` bytes. */
function uriPart(uri: string, algorithm: BalanceAlgorithm & { readonly kind: "uri" }): string {
  let text = algorithm.pathOnly ? (pathAndQueryOf(uri) ?? uri) : uri;
  if (algorithm.length !== undefined && algorithm.length > 0) text = text.slice(0, algorithm.length);
  let slashes = 0;
  for (let index = 0; index < text.length; index += 1) {
    const letter = text.charAt(index);
    if (letter === "?" && !algorithm.whole) return text.slice(0, index);
    if (letter !== "/") continue;
    slashes += 1;
    if (algorithm.depth !== undefined && algorithm.depth > 0 && slashes === algorithm.depth + 1)
      return text.slice(0, index);
  }
  return text;
}

/** `www.example.com:80` is `example`: what stands before the last dot-separated part. */
function mainDomain(host: string): string {
  const labels = host.replace(/:\d+$/, "").split(".");
  return labels.length < 2 ? (labels[0] ?? "") : (labels.at(-2) ?? "");
}
