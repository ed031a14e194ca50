/** Follows what the daemons of all hosts say happened, over their control sockets. */
import { ControlClient } from "../../drive/control/client.ts";
import { controlSocketPath } from "../../model/paths.ts";
import { type StatusEvent, statusEventSchema } from "../../model/status.ts";

export interface HostEvent extends StatusEvent {
  readonly host: string;
  readonly tool: string;
}

const RETRY_MS = 100;
const CONNECT_LIMIT_MS = 2_000;

/** Keeps a subscription to one daemon; when the daemon goes away it is tried again. */
class Follower {
  #client: ControlClient | undefined;
  #closed = false;

  constructor(
    private readonly host: string,
    private readonly tool: string,
    private readonly path: string,
    private readonly take: (event: HostEvent) => void,
  ) {}

  async run(): Promise<void> {
    while (!this.#closed) {
      await this.#once();
      await Bun.sleep(RETRY_MS);
    }
  }

  async #once(): Promise<void> {
    const connected = await ControlClient.connect(this.path, CONNECT_LIMIT_MS);
    if (!connected.ok) return;
    const { client } = connected;
    const ended = Promise.withResolvers<void>();
    client.onClose = () => ended.resolve();
    this.#client = client;
    const onEvent = (value: unknown): void => {
      const event = statusEventSchema.safeParse(value);
      if (event.success && !this.#closed) this.take({ ...event.data, host: this.host, tool: this.tool });
    };
    const outcome = await client.subscribe("events", { last: 1 }, { onEvent }, CONNECT_LIMIT_MS);
    if (outcome.ok && !this.#closed) await ended.promise;
    client.close();
  }

  close(): void {
    this.#closed = true;
    this.#client?.close();
  }
}

/** Calls `take` for each event of the tools on the hosts, from now on. Returns how to stop. */
export function followEvents(
  hosts: readonly { readonly name: string; readonly runDirectory: string }[],
  tools: readonly string[],
  take: (event: HostEvent) => void,
): () => void {
  const followers = hosts.flatMap(({ name, runDirectory }) =>
    tools.map((tool) => new Follower(name, tool, controlSocketPath(tool, runDirectory), take)),
  );
  for (const follower of followers) void follower.run();
  return () => {
    for (const follower of followers) follower.close();
  };
}
