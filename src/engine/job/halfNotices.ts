import type { Notice } from "../model/job.ts";
import { reasonText } from "../model/reason.ts";
import type { Recipe } from "../model/recipe.ts";
import { lossesOf } from "../plan/halfLayers.ts";
import type { QuantizationPlan } from "../plan/plan.ts";
import { plural } from "../values/figures.ts";
import { HALF_LARGEST } from "../values/halfFloats.ts";

/** What there is to say of a plan of float16. */
export function halfNotices(plan: QuantizationPlan, { format, spared }: Pick<Recipe, "format" | "spared">): Notice[] {
  const { half, layers, stored } = plan;
  if (!half) return [];
  const reasons = [...layers, ...stored.map(({ layer }) => layer)].flatMap(({ reason }) => reason ?? []);
  const named = new Map<string, string>();
  for (const reason of reasons) {
    if (reason.code === "too-large" || reason.code === "too-small") named.set(reason.tensor, reasonText(reason));
  }
  const kept = [...named].map(
    ([subject, why]): Notice => ({
      kind: "info",
      subject,
      message: `The layers that ${subject} reaches stay in float32: ${why}.`,
    }),
  );
  const isBare = format === "q4f16" && layers.every(({ ownOperator }) => ownOperator === null);
  return [...(spared === null ? [unseen()] : []), ...(isBare ? [withoutBlocks()] : []), ...kept, ...vanished(plan)];
}

function unseen(): Notice {
  const message = `No samples were seen, so that nobody looked for values above ${HALF_LARGEST} between layers, which are infinite in float16; give data to have layers that make them stay in float32.`;
  return { kind: "warning", subject: "float16", message };
}

function withoutBlocks(): Notice {
  const message =
    "No layer is a MatMul or a Gemm by a matrix that MatMulNBits reads, so that q4f16 has all in float16, as the format float16 has.";
  return { kind: "warning", subject: "q4f16", message };
}

function vanished({ index, half }: QuantizationPlan): Notice[] {
  const weights = half?.weights.map(({ name }) => index.initializer(name)) ?? [];
  const lost = [...new Set(weights)].flatMap((tensor) => (tensor && lossesOf(tensor).vanished > 0 ? [tensor] : []));
  if (lost.length === 0) return [];
  const count = lost.reduce((sum, tensor) => sum + lossesOf(tensor).vanished, 0);
  const message = `${plural(count, "value")} of ${plural(lost.length, "weight")} under 3e-8 become 0 in float16; beside the others of their weight they are next to nothing.`;
  return [{ kind: "info", subject: "float16", message }];
}
