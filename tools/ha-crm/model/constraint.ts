import type { Position } from "../../../shared/text/position.ts";
import type { Rule } from "./nvset.ts";

interface ConstraintBase {
  readonly id: string;
  readonly at?: Position | undefined;
}

/** Where a resource may or should run. */
export interface Location extends ConstraintBase {
  readonly kind: "location";
  readonly resource?: string | undefined;
  /** A regular expression over resource ids. */
  readonly pattern?: string | undefined;
  readonly sets: readonly ResourceSet[];
  readonly role?: string | undefined;
  readonly node?: string | undefined;
  readonly score?: string | undefined;
  readonly rules: readonly Rule[];
  readonly discovery?: string | undefined;
  readonly lifetime?: Rule | undefined;
}

/** A list inside a constraint. */
export interface ResourceSet {
  readonly id: string;
  readonly resources: readonly string[];
  readonly sequential?: string | undefined;
  readonly requireAll?: string | undefined;
  readonly ordering?: string | undefined;
  readonly role?: string | undefined;
  readonly action?: string | undefined;
  readonly score?: string | undefined;
  readonly kindOfOrder?: string | undefined;
}

export interface Colocation extends ConstraintBase {
  readonly kind: "colocation";
  readonly score?: string | undefined;
  /** The resource that follows. */
  readonly dependent?: string | undefined;
  readonly dependentRole?: string | undefined;
  /** The resource that is followed. */
  readonly primary?: string | undefined;
  readonly primaryRole?: string | undefined;
  readonly nodeAttribute?: string | undefined;
  readonly influence?: string | undefined;
  readonly sets: readonly ResourceSet[];
  readonly lifetime?: Rule | undefined;
}

export interface Order extends ConstraintBase {
  readonly kind: "order";
  readonly first?: string | undefined;
  readonly firstAction?: string | undefined;
  readonly then?: string | undefined;
  readonly thenAction?: string | undefined;
  readonly orderKind?: string | undefined;
  readonly score?: string | undefined;
  readonly symmetrical?: string | undefined;
  readonly requireAll?: string | undefined;
  readonly sets: readonly ResourceSet[];
  readonly lifetime?: Rule | undefined;
}

export interface TicketConstraint extends ConstraintBase {
  readonly kind: "ticket";
  readonly ticket: string;
  readonly resource?: string | undefined;
  readonly role?: string | undefined;
  readonly lossPolicy?: string | undefined;
  readonly sets: readonly ResourceSet[];
}

export type Constraint = Location | Colocation | Order | TicketConstraint;
