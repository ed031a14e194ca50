import type { Position } from "../../../shared/text/position.ts";
import type { Report } from "./report.ts";
import { SAMPLE_PLACES, type SamplePlace } from "./sample-table.ts";

/** A name used in one place and declared in another: checked when everything has been read. */
export interface Reference {
  readonly kind:
    | "backend"
    | "frontend"
    | "server"
    | "table"
    | "tracked-table"
    | "userlist"
    | "resolvers"
    | "peers"
    | "cache"
    | "mailers"
    | "http-errors"
    | "ring"
    /** A file to read when the configuration is loaded. */
    | "file";
  readonly name: string;
  /** The section it stands in. */
  readonly from: string;
  readonly keyword: string;
  readonly at: Position;
}

/** What parsers of expressions, conditions and formats need to know about where they are. */
export interface Scope {
  readonly report: Report;
  readonly references: Reference[];
  /** The proxy's name, empty outside. */
  readonly section: string;
  /** All places at once where the text will be evaluated: a sample must be usable in one of them. */
  readonly places: readonly SamplePlace[];
  /** Whether a sample that isn't available is an error; in conditions it is a warning. */
  readonly keyword: string;
}

export function placeIndex(place: SamplePlace): number {
  return SAMPLE_PLACES.indexOf(place);
}

export function withPlaces(scope: Scope, places: readonly SamplePlace[], keyword: string): Scope {
  return { ...scope, places, keyword };
}
