import type { Corrections, Recipe } from "../model/recipe.ts";
import type { Decision, TunePoint, TuneRequest, Tuning } from "../model/tuning.ts";
import { applyDecisions, type LayerPrecision } from "./decisions.ts";
import type { Candidate } from "./searchOrder.ts";
import { bestOf, compareBy, keeps } from "./searchRank.ts";

/** What a recipe came to: itself with all that was learned, and the figures of the model it exports. */
export type Measurement = Pick<
  TunePoint,
  "recipe" | "bytes" | "floatLayers" | "sqnr" | "top1" | "perplexity" | "expected" | "latency"
>;

/** What a search asks of the world around it. */
export interface SearchTools {
  /**
   * Settles and exports a recipe and measures the exported model; null where the recipe is not possible, which the one
   * the search begins with always is.
   */
  readonly measure: (recipe: Recipe, label: string) => Promise<Measurement | null>;
  /** The layers that may change precision under a settled recipe, in the order in which they are tried. */
  readonly order: (recipe: Recipe) => Promise<readonly Candidate[]>;
  /** Gets every point as it is measured, with all before it. */
  readonly onPoint: (found: Found) => void;
  readonly signal: AbortSignal;
  /** Seconds since the search began. */
  readonly seconds: () => number;
}

export type Found = Pick<Tuning, "points" | "chosen" | "best" | "ended">;

const BUDGET_SPENT = Symbol("the budget is spent");

/**
 * Searches from a recipe without learned parts: corrections in a fixed order, then layers left in float, as few of the
 * given order as keep the limit, then each of them back, those that cost most first. Every point is measured; what is
 * tried follows from what was measured alone, so that a budget gives a prefix of the same points. Cancelled or out of
 * budget, it gives what it found until then; rejects as `measure` does, and with AbortError when cancelled before the
 * first point. See docs/tuning.md.
 */
export async function search(start: Recipe, request: Omit<TuneRequest, "samples">, tools: SearchTools): Promise<Found> {
  const run = new Search(start, request, tools);
  try {
    await run.correct();
    await run.leaveInFloat();
    await run.takeBack();
  } catch (error) {
    if (error === BUDGET_SPENT) return run.found("budget");
    if (tools.signal.aborted && run.hasPoints) return run.found("cancelled");
    throw error;
  }
  return run.found(run.isMet ? "found" : "exhausted");
}

class Search {
  readonly #start: Recipe;
  readonly #request: Omit<TuneRequest, "samples">;
  readonly #tools: SearchTools;
  readonly #compare: ReturnType<typeof compareBy>;
  readonly #points: TunePoint[] = [];
  readonly #accepted = new Set<TunePoint>();
  /** What each recipe that was tried came to, by its settings. */
  readonly #tried = new Map<string, TunePoint | null>();
  /** The point the search goes on from. */
  #at: TunePoint | null = null;
  /** What `leaveInFloat` has moved, in its order. */
  #moved: readonly Candidate[] = [];

  constructor(start: Recipe, request: Omit<TuneRequest, "samples">, tools: SearchTools) {
    this.#start = start;
    this.#request = request;
    this.#tools = tools;
    this.#compare = compareBy(request);
  }

  get hasPoints(): boolean {
    return this.#points.length > 0;
  }

  get isMet(): boolean {
    return this.#points.some(({ passed }) => passed);
  }

  found(ended: Tuning["ended"]): Found {
    const points = this.#points.map((point) => ({ ...point, accepted: this.#accepted.has(point) }));
    const best = bestOf(points, this.#compare);
    return { points, chosen: points[best]?.passed ? best : null, best, ended };
  }

  /** Measures every set of corrections and goes on from the best. */
  async correct(): Promise<void> {
    const given = this.#start.corrections;
    for (const corrections of correctionsFrom(given)) {
      const isGiven = same(corrections, given);
      await this.#try(
        isGiven ? [] : [{ kind: "corrections", corrections }],
        isGiven ? "as given" : gained(corrections, given),
      );
    }
    if (this.hasPoints) this.#accept(this.#points[bestOf(this.#points, this.#compare)]!);
  }

  /** Where the limit is not kept yet: finds the shortest beginning of the order that keeps it, left in float. */
  async leaveInFloat(): Promise<void> {
    const from = this.#at;
    if (!from || from.passed) return;
    const order = await this.#tools.order(from.recipe);
    if (order.length === 0) return;
    let short = 0;
    let long = 1;
    let reached = await this.#move(from, order.slice(0, long), "float");
    while (reached && !reached.passed && long < order.length) {
      [short, long] = [long, Math.min(2 * long, order.length)];
      reached = await this.#move(from, order.slice(0, long), "float");
    }
    if (reached && !reached.passed) return;
    while (long - short > 1) {
      const middle = Math.floor((short + long) / 2);
      const point = await this.#move(from, order.slice(0, middle), "float");
      if (point && !point.passed) short = middle;
      else [long, reached] = [middle, point];
    }
    if (!reached) return;
    this.#accept(reached);
    this.#moved = order.slice(0, long);
  }

  /** Where the limit is kept with layers in float: tries each of them in int8 again, alone. */
  async takeBack(): Promise<void> {
    const dearest = [...this.#moved].sort((a, b) => b.cost - a.cost).filter(({ cost }) => cost > 0);
    for (const candidate of dearest) {
      const from = this.#at!;
      const point = await this.#move(from, [candidate], "int8");
      if (point?.passed && this.#compare(point, from) < 0) this.#accept(point);
    }
  }

  #move(from: TunePoint, candidates: readonly Candidate[], precision: LayerPrecision): Promise<TunePoint | null> {
    const layers = candidates.map(({ layer }) => layer);
    const what = layers.length === 1 ? layers[0]! : `${layers[0]} and ${layers.length - 1} more`;
    const label = precision === "int8" ? `${what} back to ${this.#start.weights.type}` : `${what} left in ${precision}`;
    return this.#try([...from.decisions, { kind: precision, layers }], label);
  }

  async #try(decisions: readonly Decision[], label: string): Promise<TunePoint | null> {
    const recipe = applyDecisions(this.#start, decisions);
    const settings = JSON.stringify([recipe.corrections, [...recipe.float.layers].sort()]);
    const before = this.#tried.get(settings);
    if (before !== undefined) return before;
    const { budget, limit } = this.#request;
    if (budget !== null && this.hasPoints && this.#tools.seconds() >= budget) throw BUDGET_SPENT;
    this.#tools.signal.throwIfAborted();
    const measured = await this.#tools.measure(recipe, label);
    const point = measured && { decisions, label, ...measured, passed: keeps(limit, measured), accepted: false };
    this.#tried.set(settings, point);
    if (!point) return null;
    this.#points.push(point);
    this.#tools.onPoint(this.found("cancelled"));
    return point;
  }

  #accept(point: TunePoint): void {
    this.#at = point;
    this.#accepted.add(point);
    this.#tools.onPoint(this.found("cancelled"));
  }
}

/** The corrections worth trying: as given, then with bias correction, with equalization, and with both. */
function correctionsFrom(given: Corrections): Corrections[] {
  const bias = given.bias === "none" ? "empirical" : given.bias;
  const all: readonly Corrections[] = [
    given,
    { ...given, bias },
    { ...given, equalization: true },
    { equalization: true, bias },
  ];
  return all.filter((corrections, i) => all.findIndex((other) => same(other, corrections)) === i);
}

function same(a: Corrections, b: Corrections): boolean {
  return a.equalization === b.equalization && a.bias === b.bias;
}

function gained(corrections: Corrections, given: Corrections): string {
  const names = [
    ...(corrections.equalization === given.equalization ? [] : ["equalization"]),
    ...(corrections.bias === given.bias ? [] : [`${corrections.bias} bias correction`]),
  ];
  return `with ${names.join(" and ")}`;
}
