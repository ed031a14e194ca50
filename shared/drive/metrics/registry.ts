/**
 * Counters, gauges and histograms, and their text form for Prometheus.
 * Source of the form: Prometheus documentation, "Exposition formats", text format 0.0.4.
 */
export type Labels = Readonly<Record<string, string>>;

/** Label combinations of one metric; more come from a mistake (an address or a path as label), and are refused. */
export const MOST_SERIES = 10_000;

/** Seconds; from 1 ms to a minute. */
export const DURATION_BUCKETS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
] as const;

type Kind = "counter" | "gauge" | "histogram";

const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL_NAME = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/;

/** Backslash and line end; in label values quotes too. */
const escapedHelp = (text: string) => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
const escapedLabel = (text: string) => escapedHelp(text).replaceAll('"', '\\"');

/** `3`, `0.25`, `+Inf`, `NaN` */
function number(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  if (value === Number.NEGATIVE_INFINITY) return "-Inf";
  return String(value);
}

function labelText(labels: readonly (readonly [string, string])[]): string {
  return labels.length === 0 ? "" : `{${labels.map(([name, value]) => `${name}="${escapedLabel(value)}"`).join(",")}}`;
}

/** One metric: a name and, for each combination of labels, a state. */
class Family<State> {
  readonly name: string;
  readonly help: string;
  readonly kind: Kind;
  readonly labelNames: readonly string[];
  readonly #series = new Map<string, { readonly values: readonly string[]; readonly state: State }>();
  readonly #make: () => State;
  readonly #render: (state: State, labels: readonly (readonly [string, string])[]) => readonly string[];

  constructor(
    kind: Kind,
    spec: MetricSpec,
    make: () => State,
    render: (state: State, labels: readonly (readonly [string, string])[]) => readonly string[],
  ) {
    this.name = spec.name;
    this.help = spec.help;
    this.kind = kind;
    this.labelNames = spec.labels ?? [];
    this.#make = make;
    this.#render = render;
  }

  state(labels: Labels): State {
    const values = this.labelNames.map((name) => {
      const value = labels[name];
      if (value === undefined) throw new Error(`${this.name} needs the label ${name}`);
      return value;
    });
    if (Object.keys(labels).length !== this.labelNames.length) throw new Error(`${this.name} has no such label`);
    const key = values.join("\u0000");
    const found = this.#series.get(key);
    if (found !== undefined) return found.state;
    if (this.#series.size >= MOST_SERIES)
      throw new Error(`${this.name} has ${MOST_SERIES} series: a label has too many values`);
    const state = this.#make();
    this.#series.set(key, { values, state });
    return state;
  }

  remove(labels: Labels): void {
    this.#series.delete(this.labelNames.map((name) => labels[name] ?? "").join("\u0000"));
  }

  clear(): void {
    this.#series.clear();
  }

  render(): string {
    const lines = [`# HELP ${this.name} ${escapedHelp(this.help)}`, `# TYPE ${this.name} ${this.kind}`];
    for (const { values, state } of this.#series.values()) {
      const labels = this.labelNames.map((name, index) => [name, values[index] ?? ""] as const);
      lines.push(...this.#render(state, labels));
    }
    return lines.join("\n");
  }
}

export interface MetricSpec {
  /** With the unit and `_total` as Prometheus' naming rules want: `fivenines_vip_adverts_sent_total`. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
}

export interface Counter {
  /** `by` must not be negative. */
  add(labels?: Labels, by?: number): void;
  value(labels?: Labels): number;
  remove(labels: Labels): void;
}

export interface Gauge {
  set(value: number, labels?: Labels): void;
  value(labels?: Labels): number;
  remove(labels: Labels): void;
  /** Forgets all series, for gauges that are set anew before each scrape. */
  clear(): void;
}

export interface Histogram {
  observe(value: number, labels?: Labels): void;
  remove(labels: Labels): void;
}

interface HistogramState {
  readonly counts: Float64Array;
  sum: number;
}

/** All metrics of a daemon. */
export class Registry {
  readonly #families: Family<never>[] = [];
  readonly #names = new Set<string>();
  readonly #beforeScrape: (() => void)[] = [];

  counter(spec: MetricSpec): Counter {
    const family = this.#add(
      new Family(
        "counter",
        spec,
        () => ({ value: 0 }),
        (state, labels) => [`${spec.name}${labelText(labels)} ${number(state.value)}`],
      ),
    );
    return {
      add(labels = {}, by = 1) {
        if (!(by >= 0)) throw new Error(`${spec.name} can't go back by ${by}`);
        family.state(labels).value += by;
      },
      value: (labels = {}) => family.state(labels).value,
      remove: (labels) => {
        family.remove(labels);
      },
    };
  }

  gauge(spec: MetricSpec): Gauge {
    const family = this.#add(
      new Family(
        "gauge",
        spec,
        () => ({ value: 0 }),
        (state, labels) => [`${spec.name}${labelText(labels)} ${number(state.value)}`],
      ),
    );
    return {
      set(value, labels = {}) {
        family.state(labels).value = value;
      },
      value: (labels = {}) => family.state(labels).value,
      remove: (labels) => {
        family.remove(labels);
      },
      clear: () => {
        family.clear();
      },
    };
  }

  /** @param buckets upper bounds, rising; the bucket without bound is added */
  histogram(spec: MetricSpec, buckets: readonly number[] = DURATION_BUCKETS): Histogram {
    if (!buckets.every((bound, index) => index === 0 || bound > (buckets[index - 1] ?? 0)))
      throw new Error(`${spec.name}: buckets must rise`);
    if (spec.labels?.includes("le") === true) throw new Error(`${spec.name}: "le" is the histogram's own label`);
    const family = this.#add(
      new Family<HistogramState>(
        "histogram",
        spec,
        () => ({ counts: new Float64Array(buckets.length + 1), sum: 0 }),
        (state, labels) => renderHistogram(spec.name, buckets, state, labels),
      ),
    );
    return {
      observe(value, labels = {}) {
        const state = family.state(labels);
        let index = 0;
        while (index < buckets.length && value > (buckets[index] ?? 0)) index += 1;
        state.counts[index] = (state.counts[index] ?? 0) + 1;
        state.sum += value;
      },
      remove: (labels) => {
        family.remove(labels);
      },
    };
  }

  /** Runs before every scrape: for gauges that are read from the state when asked. */
  onScrape(update: () => void): void {
    this.#beforeScrape.push(update);
  }

  /** The page for Prometheus. */
  render(): string {
    for (const update of this.#beforeScrape) update();
    return this.#families.map((family) => `${family.render()}\n`).join("");
  }

  #add<State>(family: Family<State>): Family<State> {
    if (!METRIC_NAME.test(family.name)) throw new Error(`bad metric name ${family.name}`);
    for (const label of family.labelNames)
      if (!LABEL_NAME.test(label)) throw new Error(`${family.name}: bad label name ${label}`);
    if (family.kind === "counter" && !family.name.endsWith("_total"))
      throw new Error(`${family.name}: a counter ends with _total`);
    if (this.#names.has(family.name)) throw new Error(`two metrics are called ${family.name}`);
    this.#names.add(family.name);
    this.#families.push(family as unknown as Family<never>);
    return family;
  }
}

function renderHistogram(
  name: string,
  buckets: readonly number[],
  state: HistogramState,
  labels: readonly (readonly [string, string])[],
): readonly string[] {
  const lines: string[] = [];
  let sum = 0;
  for (const [index, bound] of [...buckets, Number.POSITIVE_INFINITY].entries()) {
    sum += state.counts[index] ?? 0;
    lines.push(`${name}_bucket${labelText([...labels, ["le", number(bound)]])} ${sum}`);
  }
  return [...lines, `${name}_sum${labelText(labels)} ${number(state.sum)}`, `${name}_count${labelText(labels)} ${sum}`];
}
