/** `npm start`: makes the lab, tells the story, and on a terminal leaves the cluster to the keyboard. */
import { createLab, type Lab } from "../lab.ts";
import type { LabMode } from "../support.ts";
import { DemoCluster } from "./cluster.ts";
import { monitorHosts, obeyKeys } from "./keys.ts";
import { demoLabel, type Programs } from "./settings.ts";
import { isSurvived, tellStory } from "./story.ts";
import { Story } from "./tell.ts";

export interface DemoOptions {
  readonly programs: Programs;
  /** End after the story, also on a terminal. */
  readonly once: boolean;
  /** Forces the user namespace, which root doesn't need. */
  readonly mode?: LabMode;
  readonly write: (line: string) => void;
}

const SIGNALS = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const;

/** Ends the lab in order when a signal comes. Without it the lab would end all the same, with its owner. */
function closeOnSignal(lab: Lab): void {
  for (const [name, number] of Object.entries(SIGNALS)) {
    process.once(name, () => {
      if (process.stdin.isTTY) process.stdin.setRawMode(false);
      void lab.close().finally(() => process.exit(128 + number));
    });
  }
}

/** The monitor's picture as text. What it thinks of the cluster's health is in the picture, not in its exit code. */
async function drawOnce(cluster: DemoCluster, monitor: string): Promise<string> {
  const child = Bun.spawn([monitor, "-1", ...monitorHosts(cluster)], { stdout: "pipe", stderr: "ignore" });
  return new Response(child.stdout).text();
}

/** Returns whether the service survived. */
export async function runDemo(options: DemoOptions): Promise<boolean> {
  const story = new Story(options.write);
  const lab = await createLab({
    label: demoLabel(process.env),
    ...(options.mode === undefined ? {} : { mode: options.mode }),
  });
  closeOnSignal(lab);
  try {
    const how = lab.mode === "root" ? "as root" : "without root, in a user namespace";
    story.plain(`Three hosts and a client on this machine, as network namespaces, ${how}.`);
    const cluster = new DemoCluster(lab, options.programs);
    const interactive = !options.once && process.stdin.isTTY && process.stdout.isTTY;
    const { monitor } = options.programs;
    const picture = interactive && monitor !== undefined ? () => drawOnce(cluster, monitor) : undefined;
    const outcome = await tellStory(cluster, story, picture);
    if (interactive) await obeyKeys(cluster, options.programs, story);
    return isSurvived(outcome);
  } finally {
    await lab.close();
  }
}
