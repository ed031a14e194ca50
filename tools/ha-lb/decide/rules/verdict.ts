import type { IpAddress } from "../../model/ip.ts";

/** What a set of rules decided about a request; nothing when it simply goes on. */
export type Verdict =
  /** The rest of this rule set is skipped. */
  | { readonly kind: "accept" }
  /** A whole response, head and body, as a byte string. `denied`: it counts as a refusal. */
  | {
      readonly kind: "reply";
      readonly status: number;
      readonly text: string;
      readonly denied: boolean;
      readonly closes: boolean;
    }
  /** The rules go on when the body is here. */
  | { readonly kind: "wait-for-body"; readonly timeMs: number; readonly atLeastBytes: number }
  /** The rules go on when the address of a name is known, or known not to be had. */
  | {
      readonly kind: "look-up";
      /** A `resolvers` section. */
      readonly resolvers: string;
      readonly name: string;
      readonly prefer: 4 | 6;
      readonly take: (address: IpAddress | undefined) => void;
    }
  /** Answered after the tarpit time. */
  | { readonly kind: "tarpit"; readonly status: number; readonly text: string }
  /** Closed without a word; `gently`: after the bytes that are here. */
  | { readonly kind: "drop"; readonly silently: boolean; readonly gently?: true };
