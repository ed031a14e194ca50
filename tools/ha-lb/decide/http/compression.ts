/** Which answers are compressed, and how (configuration manual, `compression`). */
import type { Compression } from "../../model/proxy.ts";
import { HEAD, type Head } from "./head.ts";

export type Coding = Compression["algorithms"][number];

/** What a client that accepts the coding calls it. */
const NAMES: Readonly<Record<Coding, string>> = {
  gzip: "gzip",
  deflate: "deflate",
  "raw-deflate": "deflate",
  identity: "identity",
};
const GOOD_STATUS: ReadonlySet<number> = new Set([200, 201, 202, 203]);
const FULL_QUALITY = 1000;

/** The settings of both sections as one: the backend's go first. */
export function joinCompression(
  front: Compression | undefined,
  back: Compression | undefined,
): Compression | undefined {
  if (front === undefined || back === undefined || front === back) return back ?? front;
  return {
    algorithms: back.algorithms.length > 0 ? back.algorithms : front.algorithms,
    types: back.types.length > 0 ? back.types : front.types,
    offload: back.offload || front.offload,
  };
}

/**
 * The coding for the answer to this request. With `offload` the server isn't told that the client takes one.
 * Old browsers say that they understand codings and don't.
 */
export function chooseCoding(head: Head, settings: Compression): Coding | undefined {
  if (head.minor === 0 || isOldBrowser(head.first("user-agent") ?? "")) return undefined;
  let best: Coding | undefined;
  let bestQuality = 0;
  for (const line of head.all("accept-encoding")) {
    for (const part of line.split(",")) {
      const [token = "", ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
      const quality = qualityOf(parameters);
      if (token === "" || quality <= bestQuality) continue;
      // Of those that a name or `*` stands for, the peer takes the one written last.
      const found = settings.algorithms.findLast((algorithm) => token === "*" || NAMES[algorithm] === token);
      if (found === undefined) continue;
      best = found;
      bestQuality = quality;
    }
  }
  if (best === undefined) return settings.algorithms.includes("identity") ? "identity" : undefined;
  if (settings.offload) head.removeNamed("accept-encoding");
  return best;
}

/** Thousandths. */
function qualityOf(parameters: readonly string[]): number {
  const text = parameters.find((parameter) => parameter.startsWith("q="));
  if (text === undefined) return FULL_QUALITY;
  const value = Number(text.slice(2));
  return Number.isNaN(value) ? 0 : Math.round(value * FULL_QUALITY);
}

/** `Mozilla/4` but for Internet Explorer 7 and later, and 6 with its second service pack. */
function isOldBrowser(agent: string): boolean {
  if (!agent.startsWith("Mozilla/4")) return false;
  const version = agent.slice(25, 30) === "MSIE " ? agent.charAt(30) : "";
  if (version === "" || version < "6") return true;
  return version === "6" && agent.slice(51, 54) !== "SV1";
}

/** May this answer (to anything but HEAD) be sent in a coding that its server didn't choose? */
export function mayEncode(head: Head, types: readonly string[]): boolean {
  if (!GOOD_STATUS.has(head.status) || head.minor === 0) return false;
  if ((head.flags & (HEAD.HAS_LENGTH | HEAD.CHUNKED)) === 0 || (head.flags & HEAD.OTHER_CODING) !== 0) return false;
  if (head.first("content-encoding") !== undefined) return false;
  if (head.all("cache-control").some((line) => /(?:^|,)\s*no-transform\s*(?:,|;|$)/i.test(line))) return false;
  const tags = head.all("etag");
  if (tags.length > 1 || tags.some((tag) => !/^(?:W\/)?"[^"]*"$/.test(tag))) return false;
  const type = head.first("content-type")?.toLowerCase();
  if (type === undefined) return types.length === 0;
  if (type.startsWith("multipart")) return false;
  return types.length === 0 || types.some((one) => type.startsWith(one.toLowerCase()));
}

/** Makes the head fit the coded body. */
export function announceCoding(head: Head, coding: Coding): void {
  head.removeNamed("content-length");
  if ((head.flags & HEAD.CHUNKED) === 0) head.add("Transfer-Encoding", "chunked");
  // The bytes differ from those that the strong tag stands for (RFC 9110, section 8.8.1).
  head.map("etag", (tag) => (tag.startsWith('"') ? `W/${tag}` : tag));
  head.add("Vary", "Accept-Encoding");
  if (coding !== "identity") head.add("Content-Encoding", NAMES[coding]);
}
