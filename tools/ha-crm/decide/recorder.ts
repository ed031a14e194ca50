import type { Position } from "../../../shared/text/position.ts";

/** One step on the way to a score: what was added for which reason. Only kept when somebody asks. */
export interface ScoreStep {
  readonly resource: string;
  readonly node: string;
  readonly code: ScoreCode;
  /** What was added; for a ban -1000000. */
  readonly delta: number;
  /** The score after it. */
  readonly score: number;
  /** The id of the constraint, or the name of the option. */
  readonly source: string;
  readonly at: Position | undefined;
}

export type ScoreCode =
  | "SCORE_NODE"
  | "SCORE_LOCATION"
  | "SCORE_STICKINESS"
  | "SCORE_FAILURES"
  | "SCORE_HARD_ERROR"
  | "SCORE_STOP_FAILED"
  | "SCORE_HEALTH"
  | "SCORE_COLOCATION"
  | "SCORE_FOLLOWER"
  | "SCORE_PROMOTION"
  | "SCORE_LIMIT"
  | "SCORE_CAPACITY"
  | "SCORE_TICKET"
  | "SCORE_TARGET_ROLE"
  | "SCORE_UNMANAGED"
  | "SCORE_DISCOVERY"
  | "SCORE_ORPHAN"
  | "SCORE_MULTIPLE_ACTIVE"
  | "SCORE_SHUTDOWN_LOCK"
  | "SCORE_REMOTE";

/** Something that was decided for a resource, a node or the cluster, apart from scores. */
export interface Decision {
  readonly code: string;
  readonly data: Readonly<Record<string, string | number | boolean>>;
  readonly at: Position | undefined;
}

/** More steps than this are not kept: explaining is for people. */
export const MOST_RECORDED_STEPS = 200_000;

export class Recorder {
  readonly steps: ScoreStep[] = [];
  readonly decisions: Decision[] = [];
  /** Steps are kept for these resources only; undefined keeps all. */
  private readonly only: ReadonlySet<string> | undefined;

  constructor(only?: ReadonlySet<string>) {
    this.only = only;
  }

  wants(resource: string): boolean {
    return this.steps.length < MOST_RECORDED_STEPS && (this.only === undefined || this.only.has(resource));
  }

  step(step: ScoreStep): void {
    this.steps.push(step);
  }

  decide(code: string, data: Decision["data"], at?: Position): void {
    if (this.decisions.length < MOST_RECORDED_STEPS) this.decisions.push({ code, data, at });
  }
}
