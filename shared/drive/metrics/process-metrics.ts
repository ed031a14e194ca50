import { readdirSync } from "node:fs";
import type { Registry } from "./registry.ts";

/** What Prometheus expects of every process, and which version runs. */
export function addProcessMetrics(registry: Registry, tool: string, version: string): void {
  const info = registry.gauge({
    name: "fivenines_build_info",
    help: "The running version; always 1.",
    labels: ["tool", "version"],
  });
  info.set(1, { tool, version });
  const cpu = registry.counter({ name: "process_cpu_seconds_total", help: "User and system time of the process." });
  const memory = registry.gauge({ name: "process_resident_memory_bytes", help: "Resident memory of the process." });
  const openFiles = registry.gauge({ name: "process_open_fds", help: "Open file descriptors of the process." });
  const started = registry.gauge({ name: "process_start_time_seconds", help: "Start of the process, Unix time." });
  started.set(Math.round(Date.now() / 1000 - process.uptime()));
  registry.onScrape(() => {
    const used = process.cpuUsage();
    cpu.add({}, Math.max(0, (used.user + used.system) / 1e6 - cpu.value()));
    openFiles.set(readdirSync("/proc/self/fd").length);
    memory.set(process.memoryUsage.rss());
  });
}
