/** The further protocols of the deadline thread. Each is loaded when a configuration asks for it the first time. */
import type { PollLoop } from "../../../../shared/drive/ffi/poll-loop.ts";
import type { Problem } from "../../../../shared/reason/catalogue.ts";
import type { Network } from "../../drive/router-port.ts";
import type { Assignment, RouterView } from "../../model/messages.ts";
import type * as Bgp from "../bgp/bgp-part.ts";
import type * as Carp from "../carp/carp-part.ts";
import type { ThreadPart } from "./thread-part.ts";

export interface PartHooks {
  readonly onTold: (view: RouterView, problems: readonly Problem[]) => void;
  readonly onGone: (name: string) => void;
}

function loadCarp(): typeof Carp {
  return require("../carp/carp-part.ts");
}

function loadBgp(): typeof Bgp {
  return require("../bgp/bgp-part.ts");
}

export class FurtherParts {
  readonly #parts = new Map<"carp" | "bgp", ThreadPart>();

  constructor(
    private readonly loop: PollLoop,
    private readonly network: Network,
    private readonly hooks: PartHooks,
  ) {}

  use(assignment: Assignment): void {
    if ((assignment.carps ?? []).length > 0 && !this.#parts.has("carp")) {
      const { CarpPart } = loadCarp();
      this.#parts.set("carp", new CarpPart(this.loop, this.network, this.hooks));
    }
    if (assignment.bgp !== undefined && !this.#parts.has("bgp")) {
      const { BgpPart } = loadBgp();
      this.#parts.set("bgp", new BgpPart(this.loop, this.network, this.hooks));
    }
    for (const part of this.all) part.use(assignment);
  }

  get all(): readonly ThreadPart[] {
    return [...this.#parts.values()];
  }

  nextDeadlineMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const part of this.#parts.values()) next = Math.min(next, part.nextDeadlineMs());
    return next;
  }

  onDeadline(nowMs: number): void {
    for (const part of this.#parts.values()) if (part.nextDeadlineMs() <= nowMs) part.onDeadline(nowMs);
  }

  get done(): boolean {
    return this.all.every((part) => part.done);
  }
}
