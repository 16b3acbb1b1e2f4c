import type { WeightAnalysis } from "../model/analysis.ts";
import type { Calibration } from "../model/calibration.ts";
import type { Evaluation } from "../model/evaluation.ts";
import type { Notice } from "../model/job.ts";
import { reasonText } from "../model/reason.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Report, WeightReport } from "../model/report.ts";
import type { Tuning, TuningRecord } from "../model/tuning.ts";
import { totalLength } from "../onnx/encode.ts";
import { unlearned } from "../recipe/change.ts";
import { TOOL } from "../values/tool.ts";
import { Analysis } from "./analysis.ts";
import { type Artifact, partsOf } from "./artifact.ts";
import { artifactDigest } from "./artifactDigest.ts";
import { type OpenModel, summarizeModel } from "./open.ts";
import type { Quantized } from "./quantize.ts";
import { refinementOf } from "./refinement.ts";
import { analysePlannedWeight, analyseStoredWeight } from "./weights.ts";

interface ReportParts {
  readonly recipe: Recipe;
  readonly calibration: Calibration;
  readonly evaluation: Evaluation | null;
  readonly tuning: Tuning | undefined;
  readonly date: string;
  readonly quantized: Quantized;
  readonly files: readonly Artifact[];
  readonly notices: readonly Notice[];
  /** What was found already of weights beside their codes, by name; what is found is added. */
  readonly figures: Map<string, WeightAnalysis>;
}

/** How many groups and weights a report has figures of, at most. */
export function figuresIn({ groups, layers, stored }: Quantized["plan"]): number {
  const weights = stored.reduce((sum, layer) => sum + layer.weights.length, 0);
  return groups.length + layers.filter(({ weightUse }) => weightUse).length + weights;
}

/** Gathers the report of a finished job; `seen` is told of each group and weight whose figures are known. */
export function reportOf(model: OpenModel, parts: ReportParts, seen: () => void = () => undefined): Report {
  const { recipe, calibration, evaluation, tuning, date, quantized, files, notices, figures } = parts;
  const { activations: _, generation, groups, notices: __, layers, ...facts } = summarizeModel(model, recipe);
  const analysis = new Analysis(groups, calibration.statistics);
  const told = <T>(found: T): T => {
    seen();
    return found;
  };
  const { model: ____, statistics: _____, notices: ______, ...observation } = calibration;
  const { plan } = quantized;
  const analysed = (name: string) => {
    const found = figures.get(name) ?? analysePlannedWeight(plan, name, recipe, { beside: true });
    figures.set(name, found);
    return found;
  };
  const weights = [
    ...plan.layers.flatMap(({ weightUse }) => (weightUse ? [told(analysed(weightUse.name))] : [])),
    ...plan.stored.flatMap((layer) =>
      layer.weights.flatMap((weight) =>
        weight.type === "float16" ? [] : [told(analyseStoredWeight(weight, recipe.weights))],
      ),
    ),
  ];
  const refinement = refinementOf(weights, plan);
  return {
    tool: TOOL,
    date,
    model: {
      ...facts,
      layers: layers.map((layer) => ({ ...layer, reason: layer.reason && reasonText(layer.reason) })),
    },
    recipe,
    calibration: observation,
    ranges: groups
      .filter(({ id }) => calibration.statistics.has(id))
      .map(({ id }) => told(analysis.outline(id, recipe))),
    weights: weights.map(weightReport),
    ...(refinement && { refinement }),
    evaluation,
    tuning: tuning ? recordOf(tuning) : null,
    files: files.map(reportedFile),
    notices,
  };
}

/** A file as a report names it. */
export function reportedFile(file: Artifact): Report["files"][number] {
  return { name: file.name, bytes: totalLength(partsOf(file)), sha256: artifactDigest(file) };
}

/** A search without the recipes of its points, which are large and follow from their decisions. */
export function recordOf({ points, ...search }: Tuning): TuningRecord {
  return {
    ...search,
    start: unlearned(points[0]!.recipe),
    points: points.map(({ recipe: _, ...point }) => point),
  };
}

function weightReport({ name, dims, axis, block, channels, sqnr }: WeightAnalysis): WeightReport {
  return {
    name,
    dims,
    axis,
    ...(block !== null && { block }),
    sqnr,
    leastSqnr: channels.reduce((least, channel) => Math.min(least, channel.sqnr), sqnr),
  };
}
