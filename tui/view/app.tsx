import { Box, Text, useApp, useInput, useWindowSize } from "ink";
import { type ReactNode, useEffect, useState } from "react";
import { type ClusterView, joinCluster } from "../model/cluster.ts";
import { type Action, actionOf } from "../model/keys.ts";
import type { Line, Tone } from "../model/line.ts";
import { renderScreen, type ScreenState, visibleServices } from "../model/screen.ts";
import type { ClusterSource } from "../drive/source.ts";

export interface AppProps {
  readonly cluster: string;
  readonly source: ClusterSource;
  readonly ascii: boolean;
  readonly colour: boolean;
  /** Monotonic ms, and the wall clock as text. Injected so that a test's frames are the same every time. */
  readonly clock: { now(): number; wall(): string };
  readonly onQuit: () => void;
}

/** 2 Hz: more makes Ink cost a noticeable part of a core, and no reader is faster. */
export const REFRESH_MS = 500;

const COLOURS: Readonly<Record<Tone, string | undefined>> = {
  plain: undefined,
  good: "green",
  warn: "yellow",
  bad: "red",
  dim: undefined,
  accent: "cyan",
  title: undefined,
};

/** One row is one `<Text>`: Ink's cost is in the number of nodes it lays out. */
function Row({ line, colour }: { readonly line: Line; readonly colour: boolean }): ReactNode {
  return (
    <Text wrap="truncate" inverse={line.selected === true && colour}>
      {line.segments.map((part, index) => (
        <Text
          key={`${index}:${part.tone}`}
          {...(colour && COLOURS[part.tone] !== undefined ? { color: COLOURS[part.tone] } : {})}
          bold={part.tone === "title" || part.tone === "bad"}
          dimColor={part.tone === "dim"}
        >
          {part.text}
        </Text>
      ))}
    </Text>
  );
}

type Local = Pick<ScreenState, "selected" | "faultsOnly" | "frozen" | "help" | "focus">;

const START: Local = { selected: 0, faultsOnly: false, frozen: false, help: false, focus: "services" };
const PAGE = 10;

/** What a key does to the screen; pure, nothing here reaches the cluster. */
export function applyAction(local: Local, action: Action, count: number): Local {
  const move = (selected: number): Local => ({ ...local, selected: Math.max(0, Math.min(count - 1, selected)) });
  switch (action) {
    case "down":
      return move(local.selected + 1);
    case "up":
      return move(local.selected - 1);
    case "pageDown":
      return move(local.selected + PAGE);
    case "pageUp":
      return move(local.selected - PAGE);
    case "top":
      return move(0);
    case "bottom":
      return move(count - 1);
    case "faultsOnly":
      return { ...local, faultsOnly: !local.faultsOnly, selected: 0 };
    case "freeze":
      return { ...local, frozen: !local.frozen };
    case "help":
      return { ...local, help: !local.help };
    case "nextView":
      return { ...local, focus: local.focus === "services" ? "events" : "services" };
    case "quit":
      return local;
  }
}

/** Ink names special keys with flags and gives fast typing as one string: both become a list of key names. */
function keyNames(input: string, key: Readonly<Record<string, unknown>>): string[] {
  if (key["downArrow"] === true) return ["down"];
  if (key["upArrow"] === true) return ["up"];
  if (key["pageDown"] === true) return ["pageDown"];
  if (key["pageUp"] === true) return ["pageUp"];
  if (key["tab"] === true) return ["tab"];
  return Array.from(input);
}

function useView(props: AppProps, frozen: boolean): ClusterView {
  const [view, setView] = useState(() => joinCluster(props.source.samples(), props.clock.now()));
  useEffect(() => {
    if (frozen) return undefined;
    const refresh = (): void => setView(joinCluster(props.source.samples(), props.clock.now()));
    refresh();
    const timer = setInterval(refresh, REFRESH_MS);
    return () => clearInterval(timer);
  }, [frozen, props.source, props.clock]);
  return view;
}

/** The monitor's main screen. */
export function App(props: AppProps): ReactNode {
  const { exit } = useApp();
  const { columns, rows } = useWindowSize();
  const [local, setLocal] = useState(START);
  const view = useView(props, local.frozen);
  useInput((input, key) => {
    for (const name of keyNames(input, key as unknown as Record<string, unknown>)) {
      const action = actionOf(name);
      if (action === "quit" || (key.ctrl && name === "c")) {
        props.onQuit();
        exit();
      } else if (action !== undefined) {
        setLocal((now) => applyAction(now, action, visibleServices(view, now).length));
      }
    }
  });
  const state: ScreenState = { ...local, columns: columns || 80, rows: rows || 24, ascii: props.ascii };
  const lines = renderScreen(view, { cluster: props.cluster, clock: props.clock.wall() }, state);
  return (
    <Box flexDirection="column">
      {lines.map((line, index) => (
        <Row key={`${index}`} line={line} colour={props.colour} />
      ))}
    </Box>
  );
}
