import { deflateRawSync, inflateRawSync } from "node:zlib";
import { z } from "zod";
import type { HeartbeatBody } from "../../effect/membership.ts";

/**
 * The body of a heartbeat as packed text: every node's name once, and sets of nodes as bits, so that 32 nodes with names of
 * usual length fit into one datagram. A receiver needs no equal list of nodes: names travel with it.
 */
export const MAX_HEARTBEAT_NODES = 32;
const MAX_LINKS = 8;
/** Text beyond this is no heartbeat, however small it was packed. */
const MAX_TEXT_BYTES = 16 * 1024;

/** `nodes`: every name that may occur. */
export function encodeHeartbeat(body: HeartbeatBody, nodes: readonly string[]): Buffer {
  if (nodes.length > MAX_HEARTBEAT_NODES) throw new Error(`more than ${MAX_HEARTBEAT_NODES} nodes`);
  const bits = (names: readonly string[]): number =>
    names.reduce((sum, name) => {
      const at = nodes.indexOf(name);
      if (at < 0) throw new Error(`${name} is none of the nodes`);
      return sum + 2 ** at;
    }, 0);
  const hears = Object.entries(body.hears).map(([link, names]) => [link, bits(names)]);
  const without = Object.entries(body.without).map(([name, names]) => [nodes.indexOf(name), bits(names)]);
  const echo = Object.entries(body.echo).map(([name, count]) => [nodes.indexOf(name), count]);
  const { view, joining, count } = body;
  const said = { n: nodes, v: bits(view), j: bits(joining), h: hears, w: without, c: count, e: echo };
  return deflateRawSync(JSON.stringify(said));
}

const shape = z.object({
  n: z.array(z.string()).max(MAX_HEARTBEAT_NODES),
  v: z.number(),
  j: z.number(),
  h: z.array(z.tuple([z.string(), z.number()])).max(MAX_LINKS),
  w: z.array(z.tuple([z.number(), z.number()])).max(MAX_HEARTBEAT_NODES),
  c: z.number(),
  e: z.array(z.tuple([z.number(), z.number()])).max(MAX_HEARTBEAT_NODES),
});

/** Null: not a heartbeat. The sender is authentic, but may be of another version. */
export function decodeHeartbeat(bytes: Buffer): HeartbeatBody | null {
  let value: unknown;
  try {
    value = JSON.parse(inflateRawSync(bytes, { maxOutputLength: MAX_TEXT_BYTES }).toString());
  } catch {
    return null;
  }
  const parsed = shape.safeParse(value);
  if (!parsed.success) return null;
  const { n: nodes, v, j, h, w, c, e } = parsed.data;
  const namesOf = (mask: number): readonly string[] => nodes.filter((_, at) => Math.floor(mask / 2 ** at) % 2 === 1);
  const named = <Value>(pairs: readonly (readonly [number, Value])[]): [string, Value][] =>
    pairs.flatMap(([at, item]): [string, Value][] => {
      const name = nodes[at];
      return name === undefined ? [] : [[name, item]];
    });
  return {
    hears: Object.fromEntries(h.map(([link, mask]) => [link, namesOf(mask)])),
    without: Object.fromEntries(named(w).map(([name, mask]) => [name, namesOf(mask)])),
    view: namesOf(v),
    joining: namesOf(j),
    count: c,
    echo: Object.fromEntries(named(e)),
  };
}
