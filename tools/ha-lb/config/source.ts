import type { SourceAddress } from "../model/address.ts";
import { parseSocketAddress } from "./address.ts";
import type { Line } from "./line.ts";

/** `ADDRESS[:PORT] [usesrc …] [interface NAME]`, on a line of its own or on a server's. */
export function parseSource(
  line: Line,
  from: number,
): { readonly source: SourceAddress; readonly next: number } | undefined {
  const text = line.need(from, "source", "an address");
  if (text === undefined) return undefined;
  const parsed = parseSocketAddress(line.address(from));
  if (typeof parsed === "string") {
    line.problem("LB_BAD_ADDRESS", { keyword: "source", text, problem: parsed }, from);
    return undefined;
  }
  let next = from + 1;
  let source: SourceAddress = { address: parsed.address, at: line.at(from) };
  for (;;) {
    const word = line.text(next);
    if (word === "usesrc") {
      const target = line.need(next + 1, word, "'client', 'clientip' or an address") ?? "";
      const means =
        "the client's address can't be used towards servers: the kernel's transparent proxying isn't driven";
      line.problem("LB_NOT_SUPPORTED", { keyword: `usesrc ${target}`, means }, next);
    } else if (word === "interface") {
      source = { ...source, interfaceName: line.need(next + 1, word, "an interface") ?? "" };
    } else return { source, next };
    next += 2;
  }
}
