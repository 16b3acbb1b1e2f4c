import type { ReactNode } from "react";
import {
  FORMAT_WORDS,
  isTuned,
  type RecipeFormat,
  takesCodes,
  takesHalfEnds,
  takesRanges,
} from "../../../engine/model/format.ts";
import { type ActivationScheme, METHODS } from "../../../engine/model/range.ts";
import { type MethodChoice, type Recipe, weightTypesOf } from "../../../engine/model/recipe.ts";
import { INT8, INT16, UINT8, UINT16, withActivations, withFloat, withMethod } from "../../../engine/recipe/edits.ts";
import { targetOf } from "../../../engine/targets/index.ts";
import { weightBits } from "../../../engine/values/codes.ts";
import { METHOD_NAMES } from "../../charts/methods.ts";
import { Choice } from "../../parts/Choice.tsx";
import { Docs } from "../../parts/Docs.tsx";
import { Term } from "../../parts/Term.tsx";
import { editRecipe } from "../../state/recipe.ts";
import { actions } from "../../state/store.ts";
import { isRefused } from "../../state/taken.ts";
import { useProject } from "../../state/useStudio.ts";
import { CorrectionChoices } from "./CorrectionChoices.tsx";
import { ElementwiseChoice } from "./ElementwiseChoice.tsx";
import { EndsChoice } from "./EndsChoice.tsx";
import { FormatChoice } from "./FormatChoice.tsx";
import { GoalChoice } from "./GoalChoice.tsx";
import { TargetChoice } from "./TargetChoice.tsx";
import { TensorRecipe } from "./TensorRecipe.tsx";
import { WeightChoices } from "./WeightChoices.tsx";
import "./RecipePane.css";

/** What is to be done to the model; every change can be undone. */
export function RecipePane() {
  const history = useProject((project) => project.recipe);
  if (!history) return null;
  const recipe = history.present;
  const isCoded = takesCodes(recipe);
  return (
    <section className="recipe" aria-labelledby="recipe-heading" data-testid="recipe">
      <div className="pane-head">
        <h2 id="recipe-heading">Recipe</h2>
        <Docs screen="recipe" />
        <button
          type="button"
          className="button quiet"
          aria-keyshortcuts="z"
          disabled={history.past.length === 0}
          onClick={actions.recipeUndone}
        >
          Undo
        </button>
        <button
          type="button"
          className="button quiet"
          aria-keyshortcuts="Shift+Z"
          disabled={history.future.length === 0}
          onClick={actions.recipeRedone}
        >
          Redo
        </button>
      </div>
      <Outline recipe={recipe} />
      <TargetChoice recipe={recipe} />
      <GoalChoice />
      <FormatChoice recipe={recipe} />
      {takesHalfEnds(recipe) && <EndsChoice recipe={recipe} />}
      {takesRanges(recipe) && recipe.activations.type !== "float8" && (
        <Choice<keyof typeof ACTIVATIONS>
          label="Activations"
          value={recipe.activations.type}
          options={(["uint8", "int8", "uint16", "int16"] as const).map((value) => ({
            value,
            text: activationsText(value, recipe),
            disabled: isRefused(recipe, withActivations(recipe, schemeOf(value, recipe))),
          }))}
          onChoose={(type) => editRecipe("activations", (before) => withActivations(before, schemeOf(type, before)))}
          testId="activations"
        />
      )}
      {isCoded && <WeightChoices recipe={recipe} />}
      {takesRanges(recipe) && (
        <Choice<MethodChoice>
          label={<Term word="clip range">Ranges by</Term>}
          value={recipe.method}
          options={[
            { value: "auto", text: "auto (default)" },
            ...METHODS.map((method) => ({ value: method, text: METHOD_NAMES[method] })),
          ]}
          onChoose={(method) => editRecipe("method", (before) => withMethod(before, method))}
          testId="method"
        />
      )}
      {takesRanges(recipe) && <ElementwiseChoice recipe={recipe} />}
      {isTuned(recipe) && <CorrectionChoices {...recipe} />}
      <TensorRecipe />
      <FloatOperators />
    </section>
  );
}

const ACTIVATIONS = { uint8: UINT8, int8: INT8, uint16: UINT16, int16: INT16 } as const;

const KINDS: Readonly<Record<RecipeFormat, ReactNode>> = {
  qdq: (
    <>
      <Term word="QDQ" />, static
    </>
  ),
  qoperator: (
    <>
      <Term word="QOperator" />, static
    </>
  ),
  dynamic: <Term word="dynamic" />,
  weights: (
    <>
      <Term word="QDQ" />, <Term word="weights only" />
    </>
  ),
  float16: "float16",
  bfloat16: "bfloat16",
  float8: (
    <>
      float8, <Term word="QDQ" />, static
    </>
  ),
  q4f16: (
    <>
      q4f16, <Term word="blocks" />
    </>
  ),
};

/** The scheme of a type: the usual one, where the recipe's target takes that, else the one that it takes. */
function schemeOf(value: keyof typeof ACTIVATIONS, recipe: Recipe): ActivationScheme {
  const usual = ACTIVATIONS[value];
  const taken = targetOf(recipe).activations.filter(({ type }) => type === value);
  return taken.find(({ symmetric }) => symmetric === usual.symmetric) ?? taken[0] ?? usual;
}

/** What a choice is, as it stands in the recipe where that is chosen. */
function activationsText(value: keyof typeof ACTIVATIONS, recipe: Recipe): string {
  const scheme = recipe.activations.type === value ? recipe.activations : schemeOf(value, recipe);
  return `${value}, ${scheme.symmetric ? "symmetric" : "asymmetric"}`;
}

/** The kind of quantization, in the field's words. */
function Outline({ recipe }: { readonly recipe: Recipe }) {
  if (!takesCodes(recipe)) return <p className="muted">{FORMAT_WORDS[recipe.format]}</p>;
  const bits = [...new Set(weightTypesOf(recipe.weights).map((type) => `${weightBits(type)}`))].join(" and ");
  return (
    <p className="muted">
      {KINDS[recipe.format]},{" "}
      <Term word="bit depth">
        {!takesRanges(recipe) || bits === "8" ? `${bits} bits` : `weights of ${bits} bits, activations of 8`}
      </Term>
    </p>
  );
}

function FloatOperators() {
  const summary = useProject((project) => project.model?.summary);
  const inFloat = useProject((project) => project.recipe?.present.float);
  if (!summary || !inFloat) return null;
  const operators = summary.operators.filter((entry) => entry.quantized > 0 || inFloat.operators.includes(entry.type));
  const named = { layers: [...new Set([...inFloat.layers, ...(inFloat.stored ?? [])])], tensors: inFloat.tensors };
  const left = inFloat.operators.length + named.layers.length + named.tensors.length;
  return (
    <details className="fold">
      <summary>
        Left in float <span className="muted">{left === 0 ? "nothing by choice" : `${left} by choice`}</span>
      </summary>
      <ul className="checks" aria-label="Operators left in float">
        {operators.map((entry) => (
          <li key={entry.type}>
            <label className="check">
              <input
                type="checkbox"
                checked={inFloat.operators.includes(entry.type)}
                onChange={(event) =>
                  editRecipe(`operator ${entry.type}`, (before) =>
                    withFloat(before, "operators", [entry.type], event.target.checked),
                  )
                }
              />
              {entry.type} <span className="muted">{entry.count}</span>
            </label>
          </li>
        ))}
      </ul>
      <ul className="chips" aria-label="Layers and tensors left in float">
        {(["layers", "tensors"] as const).flatMap((kind) =>
          named[kind].map((name) => (
            <li key={`${kind} ${name}`}>
              <span>{name}</span>
              <button
                type="button"
                className="button quiet"
                aria-label={`Quantize ${name} again`}
                onClick={() => editRecipe(`${kind} ${name}`, (before) => withFloat(before, kind, [name], false))}
              >
                ✕
              </button>
            </li>
          )),
        )}
      </ul>
    </details>
  );
}
