/** The keys of the monitor: one table makes the help bar, the `?` page and the documentation. */
export type Action =
  "down" | "up" | "pageDown" | "pageUp" | "top" | "bottom" | "nextView" | "faultsOnly" | "freeze" | "help" | "quit";

export interface KeyBinding {
  readonly action: Action;
  /** What the terminal sends, by the names that `nameOfKey` gives. */
  readonly keys: readonly string[];
  /** How the key is shown. */
  readonly label: string;
  readonly text: string;
  /** Shown in the help bar at the foot. */
  readonly inBar: boolean;
}

export const KEYS: readonly KeyBinding[] = [
  { action: "down", keys: ["j", "down"], label: "↓ j", text: "next row", inBar: false },
  { action: "up", keys: ["k", "up"], label: "↑ k", text: "row before", inBar: false },
  { action: "pageDown", keys: ["pageDown"], label: "PgDn", text: "page down", inBar: false },
  { action: "pageUp", keys: ["pageUp"], label: "PgUp", text: "page up", inBar: false },
  { action: "top", keys: ["g"], label: "g", text: "first row", inBar: false },
  { action: "bottom", keys: ["G"], label: "G", text: "last row", inBar: false },
  { action: "faultsOnly", keys: ["x"], label: "x", text: "only faults", inBar: true },
  { action: "freeze", keys: [" "], label: "space", text: "freeze", inBar: true },
  { action: "help", keys: ["?"], label: "?", text: "keys", inBar: true },
  { action: "nextView", keys: ["tab"], label: "tab", text: "events or services", inBar: true },
  { action: "quit", keys: ["q"], label: "q", text: "quit", inBar: true },
];

const BY_KEY = new Map(KEYS.flatMap((binding) => binding.keys.map((key) => [key, binding.action] as const)));

/** What a key does, or undefined for a key without meaning. */
export function actionOf(key: string): Action | undefined {
  return BY_KEY.get(key);
}

/** The foot of the screen. */
export function helpBar(): string {
  const move = "↑↓ select";
  return [move, ...KEYS.filter((binding) => binding.inBar).map((binding) => `${binding.label} ${binding.text}`)].join(
    "   ",
  );
}
