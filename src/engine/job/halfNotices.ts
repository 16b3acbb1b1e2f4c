import type { Notice } from "../model/job.ts";
import { reasonText } from "../model/reason.ts";
import type { Recipe } from "../model/recipe.ts";
import { subgraphsOf } from "../onnx/attributes.ts";
import type { KeptEnd } from "../plan/halfEnds.ts";
import { lossesOf } from "../plan/halfLosses.ts";
import type { HalfPlan } from "../plan/halfPlan.ts";
import type { QuantizationPlan } from "../plan/plan.ts";
import { listed, plural, significant } from "../values/figures.ts";
import { HALF_LARGEST, HALF_LEAST_NORMAL } from "../values/halfFloats.ts";

/** What there is to say of a plan of float16. */
export function halfNotices(plan: QuantizationPlan, { format, spared }: Pick<Recipe, "format" | "spared">): Notice[] {
  const { half, layers } = plan;
  if (!half) return [];
  if (half.type === "bfloat16") return computedElsewhere(plan.target, half);
  const named = new Map<string, string>();
  for (const reason of half.reasons) {
    if (reason.code === "too-large" || reason.code === "too-small") named.set(reason.tensor, reasonText(reason));
  }
  const kept = [...named].map(
    ([subject, why]): Notice => ({
      kind: "info",
      subject,
      message: `The layers that ${subject} reaches stay in float32: ${why}.`,
    }),
  );
  const holders = layers.flatMap(({ id, operator, node, reason }): Notice[] => {
    const isMarked = reason && ["too-large", "too-small", "counts"].includes(reason.code);
    if (!isMarked || subgraphsOf(node).length === 0) return [];
    const message = `${operator} ${id} and all layers in it stay in float32: ${reasonText(reason)}.`;
    return [{ kind: "info", subject: id, message }];
  });
  const heldEnds = [...half.keptEnds].map(([subject, by]) => keptEnd(subject, by));
  const isBare = format === "q4f16" && layers.every(({ ownOperator }) => ownOperator === null);
  return [
    ...(spared === null ? [unseen(half.ends.size > 0)] : []),
    ...(isBare ? [withoutBlocks()] : []),
    ...(half.ends.size > 0 ? [halfEnds(half.ends)] : []),
    ...heldEnds,
    ...kept,
    ...holders,
    ...vanished(plan),
  ];
}

function computedElsewhere({ name }: QuantizationPlan["target"], { reasons }: HalfPlan): Notice[] {
  const left = reasons.filter(({ code }) => code === "no-bfloat");
  const operators = [...new Set(left.map(reasonText))];
  const message = `Layers compute in bfloat16, which ${name} does and nothing here: what is written is not run here, and no figure is of it. Build it as a strongly typed network.`;
  return [
    { kind: "warning", subject: "bfloat16", message },
    ...(operators.length > 0
      ? [
          {
            kind: "info" as const,
            subject: "bfloat16",
            message: `In float32 between Casts stay: ${listed(operators)}.`,
          },
        ]
      : []),
  ];
}

function halfEnds(ends: ReadonlySet<string>): Notice {
  const message = `${listed([...ends])} ${ends.size === 1 ? "is" : "are"} float16 in the file: whoever runs it feeds and reads that. Here float32 is rounded to it before the file is run.`;
  return { kind: "info", subject: "inputs and outputs", message };
}

function keptEnd(subject: string, kept: KeptEnd): Notice {
  const message = `${subject} stays float32, though float16 is asked for: ${whyKept(subject, kept)}.`;
  return { kind: kept.code === "recipe" ? "info" : "warning", subject, message };
}

function whyKept(subject: string, kept: KeptEnd): string {
  switch (kept.code) {
    case "too-large":
      return kept.tensor === subject
        ? `samples show values near or above ${HALF_LARGEST} in it, and these would be infinite`
        : `it has ${kept.tensor}, which is above ${HALF_LARGEST}, and these would be infinite`;
    case "too-small":
      return kept.tensor === subject
        ? `samples show no values as large as ${significant(HALF_LEAST_NORMAL)} in it, and these would lose most of their bits or be 0`
        : `it meets ${kept.tensor}, which is too small for float16, so that its own values may be 0 there`;
    case "counts":
      return "it holds whole numbers or sizes, which float16 holds exactly up to 2048 alone";
    case "state":
      return `it and ${kept.other} are one state, and ${kept.other} stays float32`;
    case "recipe":
      return "the recipe leaves it in float";
  }
}

function unseen(isAtEnds: boolean): Notice {
  const where = isAtEnds ? "between layers, at inputs and at outputs" : "between layers";
  const message = `No samples were seen, so that nobody looked for values above ${HALF_LARGEST} ${where}, which are infinite in float16; give data to have layers that make them stay in float32.`;
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
