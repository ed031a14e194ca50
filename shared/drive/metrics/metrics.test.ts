import { describe as group, expect, test } from "bun:test";
import { listenForScrapes } from "./listener.ts";
import { addProcessMetrics } from "./process-metrics.ts";
import { MOST_SERIES, Registry } from "./registry.ts";

group("registry", () => {
  test("the page has the text format, with everything escaped", () => {
    const registry = new Registry();
    const sent = registry.counter({
      name: "adverts_sent_total",
      help: "Adverts sent.\nBackslash \\",
      labels: ["instance"],
    });
    sent.add({ instance: 'a"\\\n' });
    sent.add({ instance: "b" }, 2.5);
    const state = registry.gauge({ name: "state", help: "State." });
    state.set(Number.NaN);
    const empty = registry.gauge({ name: "empty", help: "Nothing yet.", labels: ["x"] });
    const took = registry.histogram({ name: "took_seconds", help: "Time.", labels: ["step"] }, [0.1, 1]);
    for (const value of [0.05, 0.1, 0.5, 7]) took.observe(value, { step: "stop" });
    expect(registry.render()).toBe(
      [
        "# HELP adverts_sent_total Adverts sent.\\nBackslash \\\\",
        "# TYPE adverts_sent_total counter",
        'adverts_sent_total{instance="a\\"\\\\\\n"} 1',
        'adverts_sent_total{instance="b"} 2.5',
        "# HELP state State.",
        "# TYPE state gauge",
        "state NaN",
        "# HELP empty Nothing yet.",
        "# TYPE empty gauge",
        "# HELP took_seconds Time.",
        "# TYPE took_seconds histogram",
        'took_seconds_bucket{step="stop",le="0.1"} 2',
        'took_seconds_bucket{step="stop",le="1"} 3',
        'took_seconds_bucket{step="stop",le="+Inf"} 4',
        'took_seconds_sum{step="stop"} 7.65',
        'took_seconds_count{step="stop"} 4',
        "",
      ].join("\n"),
    );
    state.set(3);
    expect([state.value(), empty.value({ x: "1" })]).toEqual([3, 0]);
  });

  test("series can go, and gauges can be read when asked", () => {
    const registry = new Registry();
    const lag = registry.gauge({ name: "lag_bytes", help: "Lag.", labels: ["node"] });
    let nodes = ["a", "b"];
    registry.onScrape(() => {
      lag.clear();
      for (const node of nodes) lag.set(1, { node });
    });
    expect(registry.render()).toContain('{node="b"}');
    nodes = ["a"];
    expect(registry.render()).not.toContain('{node="b"}');
  });

  test("mistakes of the programmer are caught", () => {
    const registry = new Registry();
    const counter = registry.counter({ name: "a_total", help: "", labels: ["x"] });
    expect(() => registry.counter({ name: "a", help: "" })).toThrow("_total");
    expect(() => registry.gauge({ name: "a_total", help: "" })).toThrow("two metrics");
    expect(() => registry.gauge({ name: "9a", help: "" })).toThrow("bad metric name");
    expect(() => registry.gauge({ name: "b", help: "", labels: ["__x"] })).toThrow("bad label");
    expect(() => registry.histogram({ name: "c", help: "" }, [1, 1])).toThrow("rise");
    expect(() => counter.add({})).toThrow("needs the label x");
    expect(() => counter.add({ x: "1", y: "2" })).toThrow("no such label");
    expect(() => counter.add({ x: "1" }, -1)).toThrow("can't go back");
  });

  test("a label with endless values can't eat the memory", () => {
    const counter = new Registry().counter({ name: "a_total", help: "", labels: ["x"] });
    for (let number = 0; number < MOST_SERIES; number += 1) counter.add({ x: String(number) });
    expect(() => counter.add({ x: "more" })).toThrow("too many values");
  });
});

test("the listener answers scrapes and nothing else", async () => {
  const registry = new Registry();
  addProcessMetrics(registry, "ha-test", "1.2.3");
  const listener = listenForScrapes(registry, { host: "127.0.0.1", port: 0 });
  try {
    const url = `http://127.0.0.1:${listener.port}`;
    const page = await fetch(`${url}/metrics`);
    expect(page.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const text = await page.text();
    expect(text).toContain('fivenines_build_info{tool="ha-test",version="1.2.3"} 1');
    expect(Number(/^process_resident_memory_bytes (\d+)$/m.exec(text)?.[1])).toBeGreaterThan(1e6);
    expect((await fetch(`${url}/other`)).status).toBe(404);
    expect((await fetch(`${url}/metrics`, { method: "POST", body: "x" })).status).toBe(405);
  } finally {
    listener.close();
  }
});
