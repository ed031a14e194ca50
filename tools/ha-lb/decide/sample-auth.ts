import type { RequestView } from "../model/sample-context.ts";
import { base64Decode } from "./sample-base64.ts";

/** User and password of `Authorization: Basic` (RFC 7617). */
export function decodeBasicAuth(
  request: RequestView,
): { readonly user: string; readonly password: string } | undefined {
  const found = /^basic +([A-Za-z0-9+/=]+) *$/i.exec(request.headers.all("authorization")[0] ?? "");
  const text = found?.[1] === undefined ? undefined : base64Decode(found[1], false);
  const colon = text?.indexOf(":") ?? -1;
  if (text === undefined || colon < 0) return undefined;
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
