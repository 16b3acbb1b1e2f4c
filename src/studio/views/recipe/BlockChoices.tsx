import type { WeightScheme } from "../../../engine/model/recipe.ts";
import { withBlock, withWeightAlgorithm, withWeightOperator } from "../../../engine/recipe/edits.ts";
import { BLOCK_SIZES } from "../../../engine/values/codes.ts";
import { Choice } from "../../parts/Choice.tsx";
import { Term } from "../../parts/Term.tsx";
import { editRecipe } from "../../state/recipe.ts";

const WHOLE = "channel";

/** How many weights that are added up share a scale, who reads them so, and how the scales are found. */
export function BlockChoices({
  type,
  block,
  operator = "dequantize",
  algorithm = "hqq",
  isBesideHalves,
}: WeightScheme & { readonly isBesideHalves: boolean }) {
  return (
    <>
      <Choice<string>
        label={<Term word="blocks">Blocks</Term>}
        value={String(block ?? WHOLE)}
        options={[
          ...(type === "nf4" || isBesideHalves ? [] : [{ value: WHOLE, text: "none" }]),
          ...BLOCK_SIZES.map((size) => ({ value: String(size), text: `of ${size} weights` })),
        ]}
        onChoose={(value) => {
          const size = BLOCK_SIZES.find((each) => String(each) === value) ?? null;
          editRecipe("blocks", (before) => withBlock(before, size));
        }}
        testId="block"
      />
      {type === "nf4" && (
        <p className="muted small">Read by MatMulBnb4 of ONNX Runtime; what it does not fit stays in float.</p>
      )}
      {block !== undefined && type !== "nf4" && (
        <>
          <Choice<NonNullable<WeightScheme["operator"]>>
            label="Read by"
            value={operator}
            options={[
              ...(isBesideHalves ? [] : [{ value: "dequantize" as const, text: "DequantizeLinear" }]),
              { value: "matmulnbits", text: "MatMulNBits (ONNX Runtime)" },
            ]}
            onChoose={(value) => {
              editRecipe("operator of weights", (before) =>
                withWeightOperator(before, value === "dequantize" ? null : value),
              );
            }}
            testId="weight-operator"
          />
          <Choice<NonNullable<WeightScheme["algorithm"]>>
            label="Scales by"
            value={algorithm}
            options={[
              { value: "hqq", text: "least error (default)" },
              { value: "nearest", text: "largest weight" },
              ...(algorithm === "gptq" ? [{ value: algorithm, text: "GPTQ (octet quantize)" }] : []),
            ]}
            onChoose={(value) => {
              editRecipe("algorithm", (before) => withWeightAlgorithm(before, value === "hqq" ? null : value));
            }}
            testId="algorithm"
          />
        </>
      )}
    </>
  );
}
