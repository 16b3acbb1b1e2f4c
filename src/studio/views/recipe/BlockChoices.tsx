import type { Recipe, WeightScheme } from "../../../engine/model/recipe.ts";
import { withBlock, withWeightAlgorithm, withWeightOperator } from "../../../engine/recipe/edits.ts";
import { targetOf } from "../../../engine/targets/index.ts";
import { refusalOf } from "../../../engine/targets/target.ts";
import { BLOCK_SIZES, weightBits } from "../../../engine/values/codes.ts";
import { plural } from "../../../engine/values/figures.ts";
import { Choice } from "../../parts/Choice.tsx";
import { Term } from "../../parts/Term.tsx";
import { chooseAlgorithm } from "../../state/codes.ts";
import { editRecipe } from "../../state/recipe.ts";
import { isRefinedBy } from "../../state/refinement.ts";
import { awaitedOf } from "../../state/steps.ts";
import { actions } from "../../state/store.ts";
import { isRefused } from "../../state/taken.ts";

const WHOLE = "channel";

/** How many weights that are added up share a scale, who reads them so, and how the scales are found. */
export function BlockChoices({
  recipe,
  isBesideHalves,
}: {
  readonly recipe: Recipe;
  readonly isBesideHalves: boolean;
}) {
  const { weights } = recipe;
  const { type, block, operator = "dequantize" } = weights;
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
      {block !== undefined && weights.others !== undefined && type !== "nf4" && weightBits(type) < 8 && (
        <p className="muted small">
          What no blocks fit, such as convolutions, keeps float16, or int8 where that is most of the model; a layer's
          own type goes before.
        </p>
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
          <AlgorithmChoice recipe={recipe} />
        </>
      )}
    </>
  );
}

type Algorithm = NonNullable<WeightScheme["algorithm"]>;

const ALGORITHM_TEXTS: Readonly<Record<Algorithm, string>> = {
  hqq: "least error (default)",
  nearest: "largest weight",
  gptq: "GPTQ, on samples",
  awq: "AWQ, on samples",
};

/** How scales, and codes, of blocks are found, and whether those of samples are there. */
function AlgorithmChoice({ recipe }: { readonly recipe: Recipe }) {
  const { algorithm = "hqq" } = recipe.weights;
  const asked = (each: Algorithm) => withWeightAlgorithm(recipe, each === "hqq" ? null : each);
  const options = (["hqq", "nearest", "gptq", "awq"] as const).map((value) => {
    return { value, text: ALGORITHM_TEXTS[value], disabled: isRefused(recipe, asked(value)) };
  });
  const out = options.find(({ disabled }) => disabled);
  return (
    <>
      <Choice<Algorithm>
        label={<Term word="codes found on samples">Scales by</Term>}
        value={algorithm}
        options={options}
        onChoose={chooseAlgorithm}
        testId="algorithm"
      />
      {out ? <p className="muted small">{refusalOf(targetOf(recipe), asked(out.value))}</p> : null}
      {awaitedOf(recipe) === "codes" ? (
        <p className="hint waiting" data-testid="codes-awaited">
          Not found yet.{" "}
          <button type="button" className="button small" onClick={() => actions.tuneViewOpened("codes")}>
            Go to Codes
          </button>
        </p>
      ) : isRefinedBy(recipe) ? (
        <button
          type="button"
          className="button small"
          onClick={() => actions.tuneViewOpened("codes")}
          data-testid="refinement-open"
        >
          What that gains
        </button>
      ) : recipe.codes ? (
        <p className="muted small">Codes of {plural(Object.keys(recipe.codes).length, "layer")} are found.</p>
      ) : null}
    </>
  );
}
