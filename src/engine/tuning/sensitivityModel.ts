import { graphOf } from "../graph/pass.ts";
import { InputError } from "../model/job.ts";
import { rawLength } from "../onnx/tensorBytes.ts";
import type { PlanChoices } from "../plan/candidates.ts";
import type { LayerPlan } from "../plan/plan.ts";
import type { DataType } from "../values/elementTypes.ts";
import { Forms, type Subject } from "./forms.ts";
import { type SwitchedModel, switchedModel } from "./switchedModel.ts";
import { evenStarts, type Segment, segmentsOf, type Unit, unitsOf } from "./units.ts";
import { type Variant, variantsOf } from "./variants.ts";

export interface SensitivityRequest {
  readonly subject: Subject;
  readonly types: ReadonlyMap<string, DataType | "other">;
  readonly dims: ReadonlyMap<string, readonly number[]>;
  /** What the recipe quantizes. */
  readonly choices: PlanChoices;
  /** Bytes that tensors and weights kept may take. */
  readonly bound: number;
  /** Outputs whose size data decides, which are not compared, and tensors that are compared in the place of outputs. */
  readonly dataShaped: ReadonlySet<string>;
  readonly standIns: readonly string[];
}

/** A model that runs as every variant of a sensitivity measurement, and the variants. */
export interface SensitivityModel {
  readonly switched: SwitchedModel;
  readonly units: readonly Unit[];
  readonly segments: readonly Segment[];
  readonly variants: readonly Variant[];
  readonly formIn: (base: Variant["base"], unit: number) => string;
  /** The outputs that can be compared, by name. */
  readonly outputs: ReadonlySet<string>;
  /** Bytes of weights that are in it a second time, so that runs are quick. */
  readonly copiedBytes: number;
}

/** With more, less is computed again, but convolutions lay out their data anew at every cut. */
const SEGMENTS = 12;

/** Throws InputError when no layer is quantized, or nothing the model gives is float32. */
export function sensitivityModel({
  subject,
  types,
  dims,
  choices,
  bound,
  dataShaped,
  standIns,
}: SensitivityRequest): SensitivityModel {
  const { float, plan } = subject;
  const cutter = new Forms(subject);
  const units = unitsOf(plan);
  if (!units.some(({ isMeasured }) => isMeasured)) {
    throw new InputError("No layer is computed in integers, so there is nothing whose sensitivity can be measured.");
  }
  const { forms, formIn, variants } = variantsOf(subject, cutter, units, types, choices);
  const outputs = new Set([
    ...graphOf(float)
      .output.map(({ name }) => name)
      .filter((name) => types.get(name)?.startsWith("float") && plan.index.producer(name) && !dataShaped.has(name)),
    ...standIns,
  ]);
  if (outputs.size === 0) throw new InputError("The model has no output of floats, so no error can be measured.");
  const isWanted = (name: string) => outputs.has(name);
  const isKnown = ({ makes }: Segment) => makes.every((name) => (types.get(name) ?? "other") !== "other");
  const starts = evenStarts(units, SEGMENTS, plan, dims);
  while (!segmentsOf(units, starts, plan, isWanted).every(isKnown)) {
    const bad = segmentsOf(units, starts, plan, isWanted).findIndex((segment) => !isKnown(segment));
    if (starts.length === 1) {
      throw new InputError("An output of the model is no tensor of numbers, so its error cannot be measured.");
    }
    starts.splice(Math.min(bad + 1, starts.length - 1), 1);
  }
  const treatment = { layers: (at: number) => plan.layers[at] as LayerPlan, isRounded: () => true };
  const segments = segmentsOf(units, starts, plan, isWanted).map((segment) => {
    const positions = units.slice(segment.from, segment.to).flatMap((unit) => unit.positions);
    return {
      ...segment,
      float: cutter.float(positions, segment.makes),
      quantized: cutter.quantized(positions, segment.makes, treatment),
    };
  });
  const isCopied = copiedBytes(subject, true) <= bound / 2;
  return {
    switched: switchedModel({ model: float, units, forms, segments, types, dims, isCopied }),
    units,
    segments,
    variants,
    formIn,
    outputs,
    copiedBytes: copiedBytes(subject, isCopied),
  };
}

/** What weights take twice: of convolutions in float32; of all, rounded in float32, and once more in int8. */
function copiedBytes({ plan, float }: Subject, isCopied: boolean): number {
  let bytes = 0;
  for (const tensor of graphOf(float).initializer) {
    if (tensor.dims.length > 2 && isCopied) bytes += rawLength(tensor);
  }
  for (const { weightUse } of plan.layers) {
    const weight = plan.index.initializer(weightUse?.name ?? "");
    if (weight) bytes += (5 / 4) * rawLength(weight);
  }
  return bytes;
}
