/** What the traffic thread and the splicing thread tell each other. */

/** Two connected sockets whose bytes shall be moved both ways until both ends are done. They belong to the receiver. */
export interface TakeMessage {
  readonly kind: "take";
  readonly id: number;
  readonly clientFd: number;
  readonly serverFd: number;
  /** Silence on both sides that ends the stream, ms; nothing for ever. */
  readonly silenceMs: number | undefined;
}

/** Ends a stream now. */
export interface CutMessage {
  readonly kind: "cut";
  readonly id: number;
}

export interface StopMessage {
  readonly kind: "stop";
}

export type ToSplicer = TakeMessage | CutMessage | StopMessage;

/** How a stream ended: both sides finished, one broke, nothing moved for too long, or it was cut. */
export type SpliceEnd = "done" | "client" | "server" | "silence" | "cut";

/** Bytes moved in all since the stream was taken over. */
export interface SpliceCount {
  readonly id: number;
  readonly fromClient: number;
  readonly fromServer: number;
}

export type FromSplicer =
  | { readonly kind: "moved"; readonly counts: readonly SpliceCount[] }
  | (SpliceCount & { readonly kind: "ended"; readonly how: SpliceEnd });
