import { hostname } from "node:os";
import { render } from "ink";
import { defineCommand } from "../../shared/cli/command.ts";
import type { NagiosReport } from "../../shared/cli/nagios.ts";
import { EXIT, type ExitCode } from "../../shared/model/exit-codes.ts";
import { runDirectoryOf } from "../../shared/model/paths.ts";
import { SocketSource, type WatchedHost } from "../drive/socket-source.ts";
import { type ClusterView, joinCluster } from "../model/cluster.ts";
import { renderOnce } from "../model/screen.ts";
import { App } from "../view/app.tsx";

const POLL_MS = 500;
const now = (): number => performance.now();
const wall = (): string => new Date().toTimeString().slice(0, 8);

/** `NAME=FOLDER`, or only a folder. */
function readHost(word: string): WatchedHost {
  const equals = word.indexOf("=");
  return equals < 0
    ? { name: word, runDirectory: word }
    : { name: word.slice(0, equals), runDirectory: word.slice(equals + 1) };
}

const NAGIOS_STATE = { ok: "OK", degraded: "WARNING", down: "CRITICAL", silent: "UNKNOWN" } as const;

function nagiosReport(view: ClusterView): NagiosReport {
  const worst = view.attention[0];
  const problem = worst === undefined ? "" : `: ${worst.subject} ${worst.sentence}`;
  return {
    state: NAGIOS_STATE[view.state],
    text: `${view.servicesUp} of ${view.services.length} services up${problem}`,
    perfdata: [{ label: "services_up", value: view.servicesUp, min: 0, max: view.services.length }],
  };
}

function exitOf(view: ClusterView): ExitCode {
  if (view.state === "silent") return EXIT.unreachable;
  return view.state === "ok" ? EXIT.ok : EXIT.problem;
}

async function watch(
  source: SocketSource,
  options: { cluster: string; ascii: boolean; colour: boolean },
): Promise<void> {
  source.start(POLL_MS);
  const app = render(<App source={source} {...options} clock={{ now, wall }} onQuit={() => undefined} />, {
    alternateScreen: true,
    incrementalRendering: true,
    exitOnCtrlC: false,
    maxFps: 4,
  });
  // The terminal is left clean on every way out that a process can notice.
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.once(signal, () => app.unmount());
  await app.waitUntilExit();
}

export const watchCommand = defineCommand({
  name: ["watch"],
  summary: "Show the cluster live; with -1 once as text",
  nagios: true,
  options: {
    once: { type: "flag", summary: "print the picture once and exit; -1 for short" },
    host: {
      type: "string",
      repeatable: true,
      placeholder: "NAME=FOLDER",
      summary: "a host and the folder of its control sockets; this host when absent",
    },
    cluster: { type: "string", default: "cluster", placeholder: "NAME", summary: "the name in the head line" },
  },
  examples: [
    { run: "ha-mon", does: "the live monitor of this host's daemons" },
    { run: "ha-mon -1", does: "one picture as text, for scripts and tickets" },
  ],
  async run({ options, out, io }) {
    const words = options.host ?? [];
    const hosts = words.length > 0 ? words.map(readHost) : [{ name: hostname(), runDirectory: runDirectoryOf(io.env) }];
    const source = new SocketSource(hosts, now);
    try {
      const { ascii, colour, format } = out.style;
      if (!options.once && io.stdout.isTerminal && format === "table") {
        await watch(source, { cluster: options.cluster, ascii, colour });
        return EXIT.ok;
      }
      await source.refresh();
      const view = joinCluster(source.samples(), now());
      const text = renderOnce(view, { cluster: options.cluster, clock: wall() }, ascii);
      return out.show({ json: view, text, nagios: nagiosReport(view) }, exitOf(view));
    } finally {
      source.close();
    }
  },
});
