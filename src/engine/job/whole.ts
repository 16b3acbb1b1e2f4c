import { InputError } from "../model/job.ts";
import { reasonText } from "../model/reason.ts";
import { layersInIntegers } from "../operators/quantizing.ts";
import type { QuantizationPlan } from "../plan/plan.ts";
import type { DataType } from "../values/elementTypes.ts";
import { FOLD } from "./keptPairs.ts";

/** Layers that a message names one by one. */
const NAMED = 20;

type Types = ReadonlyMap<string, DataType | "other">;

/** Throws InputError, naming layers, where a target takes nothing in float and something of a plan would be. */
export function assertWhole(plan: QuantizationPlan, types: Types, model: string): void {
  if (plan.target.floats !== "never") return;
  const left = [...floatLayers(plan, types), ...mixedConcats(plan)];
  const isFloat = ({ name }: { readonly name: string }) =>
    types.get(name)?.startsWith("float") && !plan.groupOf.has(name);
  const { inputs, graph } = plan.index;
  const ends = [
    ...inputs.filter(isFloat).map(({ name }) => `input ${name}: no layer in integers reads it`),
    ...graph.output.filter(isFloat).map(({ name }) => `output ${name}: no layer in integers makes it`),
  ];
  const all = left.length > 0 ? left : ends;
  if (all.length === 0) return;
  const more = all.length > NAMED ? `; ${all.length - NAMED} more` : "";
  const folds = layersInIntegers(plan.index).size > 0 ? `, ${FOLD}` : "";
  throw new InputError(
    `${plan.target.name} takes nothing in float, and ${all.length} of ${model} would be: ${all.slice(0, NAMED).join("; ")}${more}. Change the model there${folds}, or choose another target.`,
  );
}

/** Whether a layer makes a tensor of floats: what only makes integers, such as shapes, is no layer in float. */
export function makesFloats({ outputs }: { readonly outputs: readonly string[] }, types: Types): boolean {
  return outputs.some((name) => types.get(name)?.startsWith("float"));
}

function floatLayers({ layers, stored }: QuantizationPlan, types: Types): string[] {
  const own = layers.filter((layer) => layer.reason && layer.reason.code !== "kept" && makesFloats(layer, types));
  const inner = stored.flatMap(({ layer, inside }) => (inside === null ? [] : [layer]));
  return [...own, ...inner].map(({ id, operator, reason }) => `${id} (${operator}): ${reason && reasonText(reason)}`);
}

/** What joins a tensor whose range is fixed cannot have one scale with it. */
function mixedConcats({ layers, groupOf, target }: QuantizationPlan): string[] {
  if (!target.joinsOnOneScale) return [];
  return layers.flatMap(({ id, node, reason }) => {
    if (node.opType !== "Concat" || reason !== null) return [];
    const made = groupOf.get(node.output[0] ?? "");
    const other = node.input.find((name) => groupOf.has(name) && groupOf.get(name) !== made);
    return other === undefined
      ? []
      : [`${id} (Concat): the scale of ${other} is fixed, and the others have none of it`];
  });
}
