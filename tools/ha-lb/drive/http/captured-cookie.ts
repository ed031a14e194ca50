/** `capture cookie`: what of a cookie the log shows, of the request and of the answer. */
import type { Proxy } from "../../model/proxy.ts";

type Wanted = NonNullable<Proxy["captureCookie"]>;

/** The first cookie of that name (or that begins with it) as `name=value`, cut to the length. */
function captured(parts: readonly string[], { length, name, prefix }: Wanted): string | undefined {
  const start = prefix ? name : `${name}=`;
  return parts.find((part) => part.startsWith(start) && part.includes("="))?.slice(0, length);
}

/** @param lines `Cookie` fields */
export function requestCookie(lines: readonly string[], wanted: Wanted): string | undefined {
  return captured(
    lines.flatMap((line) => line.split(";").map((part) => part.trim())),
    wanted,
  );
}

/** @param lines `Set-Cookie` fields */
export function responseCookie(lines: readonly string[], wanted: Wanted): string | undefined {
  return captured(
    lines.map((line) => line.split(";", 1)[0] ?? ""),
    wanted,
  );
}
