/** The descriptor on which a supervised process finds its supervisor: one end of a socket pair. */
export const CHANNEL_FD = 3;
/** Longest message, in bytes: a testament is the largest. */
export const LONGEST_MESSAGE = 256 * 1024;

/** What the child tells its supervisor, one JSON object a line. */
export type ChildMessage =
  | { readonly kind: "beat" }
  | { readonly kind: "ready"; readonly status?: string }
  | { readonly kind: "status"; readonly text: string }
  /** What the supervisor must know when the child dies: which addresses it held, say. Replaces the one before. */
  | { readonly kind: "testament"; readonly value: unknown }
  /** The child takes longer than a beat on purpose (a blocking start-up step). */
  | { readonly kind: "busy"; readonly forMs: number };

/**
 * Reads one line; undefined for one that isn't a message (of another version). Checked by hand: a supervisor stays
 * small when it needs no schema library.
 */
export function readChildMessage(line: string): ChildMessage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const fields = new Map<string, unknown>(Object.entries(value));
  const text = (name: string) => {
    const found = fields.get(name);
    return typeof found === "string" ? found : undefined;
  };
  switch (fields.get("kind")) {
    case "beat":
      return { kind: "beat" };
    case "ready": {
      const status = text("status");
      return status === undefined ? { kind: "ready" } : { kind: "ready", status };
    }
    case "status":
      return { kind: "status", text: text("text") ?? "" };
    case "testament":
      return { kind: "testament", value: fields.get("value") };
    case "busy": {
      const forMs = fields.get("forMs");
      return typeof forMs === "number" && forMs >= 0 ? { kind: "busy", forMs } : undefined;
    }
    default:
      return undefined;
  }
}
