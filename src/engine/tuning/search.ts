import type { Corrections, Recipe } from "../model/recipe.ts";
import type { Decision, TunePoint, TuneRequest, Tuning } from "../model/tuning.ts";
import { type WeightType, widerTypes } from "../values/codes.ts";
import { applyDecisions } from "./decisions.ts";
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
 * Searches from a recipe without learned parts: corrections in a fixed order, then weights in more bits and layers left in float,
 * as few of the given order as keep the limit, then each of them back, those that cost most first. Every point is measured; what is
 * tried follows from what was measured alone, so that a budget gives a prefix of the same points. Cancelled or out of
 * budget, it gives what it found until then; rejects as `measure` does, and with AbortError when cancelled before the
 * first point. See docs/tuning.md.
 */
export async function search(start: Recipe, request: Omit<TuneRequest, "samples">, tools: SearchTools): Promise<Found> {
  const run = new Search(start, request, tools);
  try {
    await run.correct();
    await run.widen();
    await run.leaveInFloat();
    await run.takeBack();
  } catch (error) {
    if (error === BUDGET_SPENT) return run.found("budget");
    if (tools.signal.aborted && run.hasPoints) return run.found("cancelled");
    throw error;
  }
  return run.found(run.isMet ? "found" : "exhausted");
}

/** A decision about layers, and not about the whole recipe. */
type LayerDecision = Exclude<Decision, { readonly kind: "corrections" }>;

function destination(decision: LayerDecision, type: WeightType, isBack: boolean): string {
  if (isBack) return `back to ${type}`;
  return decision.kind === "weights" ? `in ${decision.type}` : "left in float";
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
  /** The order of layers as it was measured last. */
  #ordered: { readonly at: TunePoint; readonly order: readonly Candidate[] } | null = null;
  /** What has been left in float, and what has weights in more bits than those of the recipe. */
  #inFloat: readonly Candidate[] = [];
  readonly #widened = new Map<string, Candidate>();

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

  /** Where the limit is not kept yet: gives as few layers as keep it weights in more bits, and where none do, all of them. */
  async widen(): Promise<void> {
    for (const type of widerTypes(this.#start.weights.type)) {
      const from = this.#at;
      const { layers, reached } = await this.#shortest((names) => ({ kind: "weights", type, layers: names }));
      if (!from || !reached || !(reached.passed || this.#compare(reached, from) < 0)) return;
      this.#accept(reached);
      for (const candidate of layers) this.#widened.set(candidate.layer, candidate);
    }
  }

  /** Where the limit is not kept yet: leaves as few layers in float as keep it. */
  async leaveInFloat(): Promise<void> {
    const { layers, reached } = await this.#shortest((names) => ({ kind: "float", layers: names }));
    if (!reached?.passed) return;
    this.#accept(reached);
    this.#inFloat = layers;
  }

  /** Where the limit is kept with layers that were changed: tries to give each of them back, alone. */
  async takeBack(): Promise<void> {
    const { type } = this.#start.weights;
    await this.#giveBack(this.#inFloat, (layers) => ({ kind: "int8", layers }));
    const inFloat = new Set(this.#at?.recipe.float.layers);
    const widened = [...this.#widened.values()].filter(({ layer }) => !inFloat.has(layer));
    await this.#giveBack(widened, (layers) => ({ kind: "weights", type, layers }));
  }

  async #giveBack(changed: readonly Candidate[], back: (layers: readonly string[]) => LayerDecision): Promise<void> {
    const dearest = [...changed].sort((a, b) => b.cost - a.cost).filter(({ cost }) => cost > 0);
    for (const { layer } of dearest) {
      const from = this.#at!;
      const point = await this.#change(from, back([layer]), true);
      if (point?.passed && this.#compare(point, from) < 0) this.#accept(point);
    }
  }

  /**
   * The shortest beginning of the order of layers that keeps the limit when it is changed; all of it, where none does. Nothing
   * where the limit is kept already, or there is nothing to change.
   */
  async #shortest(
    change: (layers: readonly string[]) => LayerDecision,
  ): Promise<{ readonly layers: readonly Candidate[]; readonly reached: TunePoint | null }> {
    const from = this.#at;
    const order = from && !from.passed ? await this.#orderAt(from) : [];
    if (!from || order.length === 0) return { layers: [], reached: null };
    const first = (count: number) => change(order.slice(0, count).map(({ layer }) => layer));
    let short = 0;
    let long = 1;
    let reached = await this.#change(from, first(long));
    while (reached && !reached.passed && long < order.length) {
      [short, long] = [long, Math.min(2 * long, order.length)];
      reached = await this.#change(from, first(long));
    }
    const layers = () => order.slice(0, long);
    if (reached && !reached.passed) return { layers: layers(), reached };
    while (long - short > 1) {
      const middle = Math.floor((short + long) / 2);
      const point = await this.#change(from, first(middle));
      if (point && !point.passed) short = middle;
      else [long, reached] = [middle, point];
    }
    return { layers: layers(), reached };
  }

  async #orderAt(point: TunePoint): Promise<readonly Candidate[]> {
    if (this.#ordered?.at !== point) this.#ordered = { at: point, order: await this.#tools.order(point.recipe) };
    return this.#ordered.order;
  }

  #change(from: TunePoint, decision: LayerDecision, isBack = false): Promise<TunePoint | null> {
    const [first = "", ...others] = decision.layers;
    const what = others.length === 0 ? first : `${first} and ${others.length} more`;
    return this.#try(
      [...from.decisions, decision],
      `${what} ${destination(decision, this.#start.weights.type, isBack)}`,
    );
  }

  async #try(decisions: readonly Decision[], label: string): Promise<TunePoint | null> {
    const recipe = applyDecisions(this.#start, decisions);
    const settings = JSON.stringify([
      recipe.corrections,
      [...recipe.float.layers].sort(),
      Object.entries(recipe.weights.layers ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)),
    ]);
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
