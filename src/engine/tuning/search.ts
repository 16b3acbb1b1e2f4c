import type { LayerForm } from "../model/layerForm.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Decision, TunePoint, TuneRequest, Tuning } from "../model/tuning.ts";
import { formsTaken, layerFormOf } from "../recipe/layerForms.ts";
import { targetOf } from "../targets/index.ts";
import { weightBits, widerTypes } from "../values/codes.ts";
import { applyDecisions } from "./decisions.ts";
import type { Candidate } from "./searchOrder.ts";
import { bestOf, compareBy, keeps } from "./searchRank.ts";
import {
  correctionsFrom,
  destination,
  gainedWords,
  type LayerDecision,
  type RescueStep,
  sameCorrections,
} from "./searchSteps.ts";

/** What a recipe came to: itself with all that was learned, and the figures of the model it exports. */
export type Measurement = Pick<
  TunePoint,
  "recipe" | "bytes" | "floatLayers" | "sqnr" | "top1" | "perplexity" | "expected" | "latency"
>;

/** What a search asks of the world around it. */
export interface SearchTools {
  /**
   * Settles and exports a recipe and measures the exported model; null where the recipe is not possible, which the one
   * the search begins with always is. About `ahead` more are measured after it: as many as the steps that are known to come take at most.
   */
  readonly measure: (recipe: Recipe, label: string, ahead: number) => Promise<Measurement | null>;
  /** How many layers there are. */
  readonly layers: number;
  /** The layers that may change precision under a settled recipe, in the order in which they are tried. */
  readonly order: (recipe: Recipe) => Promise<readonly Candidate[]>;
  /** What the culprits under a settled recipe recommend, in the order in which it is tried. */
  readonly rescue: (recipe: Recipe) => Promise<readonly RescueStep[]>;
  /** Gets every point as it is measured, with all before it. */
  readonly onPoint: (found: Found) => void;
  /** What one of the samples that judge is of all that are labelled, a share; 0 where none is. */
  readonly sampleShare: number;
  readonly signal: AbortSignal;
  /** Seconds since the search began. */
  readonly seconds: () => number;
}

export type Found = Pick<Tuning, "points" | "chosen" | "best" | "ended">;

const BUDGET_SPENT = Symbol("the budget is spent");

/**
 * Searches from a recipe without learned parts: corrections in a fixed order, then weights in more bits and layers left in float,
 * as few of the given order as keep the limit, then each of them back, those that cost most first. Every point is measured; what is
 * tried follows from what was measured alone, so that a budget gives a prefix of the same points. A rescue takes what the culprits
 * recommend in the place of corrections, and ends at the first point that keeps the limit. Cancelled or out of
 * budget, it gives what it found until then; rejects as `measure` does, and with AbortError when cancelled before the
 * first point. See docs/tuning.md.
 */
export async function search(start: Recipe, request: Omit<TuneRequest, "samples">, tools: SearchTools): Promise<Found> {
  const run = new Search(start, request, tools);
  try {
    if (request.rescue) await run.rescue();
    else await run.correct();
    await run.widen();
    if (request.rescue) await run.leaveInFloat();
    else if (request.mix) {
      await run.mix();
      await run.stepDown();
      await run.gain();
    } else {
      await run.leaveInFloat();
      await run.takeBack();
    }
  } catch (error) {
    if (error === BUDGET_SPENT) return run.found("budget");
    if (tools.signal.aborted && run.hasPoints) return run.found("cancelled");
    throw error;
  }
  return run.found(run.isMet ? "found" : "exhausted");
}

/** Forms of layers that cost the outputs much, those of fewest bytes first. */
const LADDER: readonly LayerForm[] = ["a16", "w8", "f16", "f32"];

/** After so many layers in a row that gain nothing, no more are tried. */
const VAIN = 8;

/** What a layer in another form must save of the time of a run: less is luck. */
const FASTER = 0.02;

/** How often a number is halved until it is one. */
function halvings(count: number): number {
  return Math.ceil(Math.log2(Math.max(1, count)));
}

/** How many beginnings of a list are tried at most to find the shortest that will do: by doubling, then by halving. */
function mostTrials(length: number): number {
  return length === 0 ? 0 : 2 * halvings(length) + 1;
}

class Search {
  readonly #start: Recipe;
  readonly #request: Omit<TuneRequest, "samples">;
  readonly #tools: SearchTools;
  readonly #compare: ReturnType<typeof compareBy>;
  /** What single layers may be in. */
  readonly #forms: readonly LayerForm[];
  readonly #points: TunePoint[] = [];
  readonly #accepted = new Set<TunePoint>();
  /** What each recipe that was tried came to, by its settings. */
  readonly #tried = new Map<string, TunePoint | null>();
  /** By how much the expected drop may miss the limit. */
  #slack: number;
  /** The point the search goes on from. */
  #at: TunePoint | null = null;
  /** The order of layers as it was measured last. */
  #ordered: { readonly at: TunePoint; readonly order: readonly Candidate[] } | null = null;
  /** What has been left in float, and what has weights in more bits than those of the recipe. */
  #inFloat: readonly Candidate[] = [];
  readonly #widened = new Map<string, Candidate>();
  /** How many more points the step at hand takes at most, and how many those after it, as far as they are known to come. */
  #left = 0;
  #later = 0;

  constructor(start: Recipe, request: Omit<TuneRequest, "samples">, tools: SearchTools) {
    this.#start = start;
    this.#request = request;
    this.#tools = tools;
    this.#compare = compareBy(request);
    const { isHere } = targetOf(start);
    // A runtime without integer kernels for 16 bits computes in float, and rounds besides.
    this.#forms = request.mix ? formsTaken(start).filter((form) => form !== "a16" || !isHere) : [];
    this.#slack = request.rescue ? tools.sampleShare : 0;
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
    const all = correctionsFrom(given);
    for (const [at, corrections] of all.entries()) {
      this.#left = all.length - at - 1;
      this.#later = this.isMet ? 0 : mostTrials(this.#tools.layers);
      const isGiven = sameCorrections(corrections, given);
      await this.#try(
        isGiven ? [] : [{ kind: "corrections", corrections }],
        isGiven ? "as given" : gainedWords(corrections, given),
      );
    }
    if (this.hasPoints) this.#accept(this.#points[bestOf(this.#points, this.#compare)]!);
  }

  /**
   * Where the limit is not kept yet: takes what the culprits recommend, one step after the other, those that bring the outputs nearer to it.
   * After each that does, the culprits are asked for anew. It takes the first that keeps the limit and not the luckiest of many, so that the
   * expected drop may miss the limit by one of the samples that judge; not so where the recipe as given does, which failed on others.
   */
  async rescue(): Promise<void> {
    const given = await this.#try([], "as given");
    if (!given) return;
    const { limit } = this.#request;
    this.#slack = given.passed ? 0 : this.#slack;
    const judged = { ...given, passed: keeps(limit, given, this.#slack) };
    this.#points[0] = judged;
    this.#accept(judged);
    while (this.#at && !this.#at.passed) {
      const better = await this.#firstBetter(this.#at);
      if (!better) return;
      this.#accept(better);
    }
  }

  async #firstBetter(from: TunePoint): Promise<TunePoint | null> {
    const steps = await this.#tools.rescue(from.recipe);
    for (const [at, { remedies, label }] of steps.entries()) {
      this.#left = steps.length - at - 1;
      this.#later = mostTrials(this.#tools.layers);
      const taken = remedies.map((remedy) => ({ kind: "remedy", remedy }) as const);
      const point = await this.#try([...from.decisions, ...taken], label);
      if (point && this.#compare(point, from) < 0) return point;
    }
    return null;
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

  /**
   * Where the limit is not kept yet: has as few layers in a form as keep it, form by form, those of fewest bytes first; where none do, all
   * that come nearer to it, and goes on from there.
   */
  async mix(): Promise<void> {
    const order = this.#at && !this.#at.passed ? await this.#orderAt(this.#at) : [];
    for (const form of LADDER.filter((each) => this.#forms.includes(each))) {
      const from = this.#at;
      const { reached } = await this.#shortest((layers) => ({ kind: "form", form, layers }), order);
      if (from && reached && (reached.passed || this.#compare(reached, from) < 0)) this.#accept(reached);
    }
  }

  /** Where the limit is kept: gives each layer that is in a form the one of fewest bytes that keeps it, or back to what all are, those that cost most first. */
  async stepDown(): Promise<void> {
    const dearest = this.#at?.passed ? [...(this.#ordered?.order ?? [])].sort((a, b) => b.cost - a.cost) : [];
    let vain = 0;
    this.#later = 0;
    for (const [at, { layer, hasWeights }] of dearest.entries()) {
      if (vain >= VAIN) break;
      this.#left = Math.min(dearest.length - at - 1, VAIN - vain - 1);
      const form = layerFormOf(this.#at!.recipe, layer);
      if (form === null || this.#isGiven(layer)) continue;
      vain++;
      const lower = hasWeights
        ? LADDER.slice(0, LADDER.indexOf(form)).filter((each) => this.#forms.includes(each))
        : [];
      for (const each of [null, ...lower]) {
        if (!(await this.#improve({ kind: "form", form: each, layers: [layer] }, 0))) continue;
        vain = 0;
        break;
      }
    }
    await this.#giveBack([...this.#widened.values()], (layers) => ({
      kind: "weights",
      type: this.#start.weights.type,
      layers,
    }));
  }

  /**
   * Where the limit is kept: has each layer whose weights are not of fewer bits, those that have most first, in blocks of int4; or where time is the goal,
   * each that multiplies in integers, those that multiply most first, in float.
   */
  async gain(): Promise<void> {
    const from = this.#at;
    const { goal } = this.#request;
    const form = goal === "size" ? "w4" : "w8";
    if (!from?.passed || !this.#forms.includes(form)) return;
    if (goal === "size" && weightBits(this.#start.weights.type) < 8) return;
    const order = this.#ordered?.order ?? (await this.#orderAt(from));
    const dearest = [...order].sort((a, b) => b.cost - a.cost).filter((each) => each.cost > 0 && each.hasWeights);
    let vain = 0;
    this.#later = 0;
    for (const [at, { layer }] of dearest.entries()) {
      if (vain >= VAIN) return;
      this.#left = Math.min(dearest.length - at - 1, VAIN - vain - 1);
      const known = layerFormOf(this.#at!.recipe, layer);
      if (this.#isGiven(layer) || (goal === "latency" && known !== null)) continue;
      const isBetter = await this.#improve({ kind: "form", form, layers: [layer] }, goal === "latency" ? FASTER : 0);
      vain = isBetter ? 0 : vain + 1;
    }
  }

  /** Whether the recipe that the search began with has a layer in a form of its own, which is not the search's to change. */
  #isGiven(layer: string): boolean {
    return layerFormOf(this.#start, layer) !== null;
  }

  /** Goes on from a change of the point that the search is at where that keeps the limit and is better, by a share of the time where one is given. */
  async #improve(decision: LayerDecision, share: number): Promise<boolean> {
    const from = this.#at!;
    const point = await this.#change(from, decision, true);
    const isBetter = point?.passed && this.#compare(point, from) < 0;
    if (!point || !isBetter) return false;
    if (share > 0 && !((point.latency ?? Infinity) <= (1 - share) * (from.latency ?? 0))) return false;
    this.#accept(point);
    return true;
  }

  async #giveBack(changed: readonly Candidate[], back: (layers: readonly string[]) => LayerDecision): Promise<void> {
    const dearest = [...changed].sort((a, b) => b.cost - a.cost).filter(({ cost }) => cost > 0);
    this.#later = 0;
    for (const [at, { layer }] of dearest.entries()) {
      this.#left = dearest.length - at - 1;
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
    given?: readonly Candidate[],
  ): Promise<{ readonly layers: readonly Candidate[]; readonly reached: TunePoint | null }> {
    const from = this.#at;
    const order = from && !from.passed ? (given ?? (await this.#orderAt(from))) : [];
    if (!from || order.length === 0) return { layers: [], reached: null };
    const first = (count: number) => change(order.slice(0, count).map(({ layer }) => layer));
    let short = 0;
    let long = 1;
    this.#left = mostTrials(order.length) - 1;
    this.#later = 0;
    let reached = await this.#change(from, first(long));
    while (reached && !reached.passed && long < order.length) {
      [short, long] = [long, Math.min(2 * long, order.length)];
      this.#left = halvings(order.length / long) + halvings(long);
      reached = await this.#change(from, first(long));
    }
    const layers = () => order.slice(0, long);
    if (reached && !reached.passed) return { layers: layers(), reached };
    while (long - short > 1) {
      const middle = Math.floor((short + long) / 2);
      this.#left = halvings(long - short) - 1;
      // Each of them may be taken back.
      this.#later = long;
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
      recipe.activations,
      recipe.weights.granularity,
      Object.entries(recipe.methods).sort(([a], [b]) => (a < b ? -1 : 1)),
      [...recipe.float.tensors].sort(),
      [...recipe.float.layers].sort(),
      Object.entries(recipe.weights.layers ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)),
      [...(recipe.wide ?? [])].sort(),
      [...(recipe.float.stored ?? [])].sort(),
      Object.entries(recipe.float.storedAs ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)),
    ]);
    const before = this.#tried.get(settings);
    if (before !== undefined) return before;
    const { budget, limit } = this.#request;
    if (budget !== null && this.hasPoints && this.#tools.seconds() >= budget) throw BUDGET_SPENT;
    this.#tools.signal.throwIfAborted();
    const measured = await this.#tools.measure(recipe, label, this.#left + this.#later);
    const point = measured && {
      decisions,
      label,
      ...measured,
      passed: keeps(limit, measured, this.#slack),
      accepted: false,
    };
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
