import { LARGEST_SEED, type Recipe, ROUNDINGS, type WeightScheme } from "../../../engine/model/recipe.ts";
import {
  withGranularity,
  withPowersOfTwo,
  withRounding,
  withRoundingSeed,
  withWeightType,
} from "../../../engine/recipe/edits.ts";
import { isAlone, isAsymmetric, isCodebook, WEIGHT_TYPES } from "../../../engine/values/codes.ts";
import { plural } from "../../../engine/values/figures.ts";
import { Choice } from "../../parts/Choice.tsx";
import { NumberField } from "../../parts/NumberField.tsx";
import { Term } from "../../parts/Term.tsx";
import { chooseFineTuning } from "../../state/finetuning.ts";
import { editRecipe } from "../../state/recipe.ts";
import { chooseRounding } from "../../state/rounding.ts";
import { awaitedOf } from "../../state/steps.ts";
import { actions } from "../../state/store.ts";
import { isRefused } from "../../state/taken.ts";
import { BlockChoices } from "./BlockChoices.tsx";

/** How weights become integers: their type, their scales, and how they are rounded. */
export function WeightChoices({ recipe }: { readonly recipe: Recipe }) {
  const { weights, rounding, codes } = recipe;
  const awaited = awaitedOf(recipe);
  const isBesideHalves = recipe.format === "q4f16";
  const weightsAlone = recipe.format === "weights" || isBesideHalves;
  return (
    <>
      <div className="field">
        <span className="field-label">
          <Term word="int4">Weights</Term>
        </span>
        <span className="pair">
          <select
            className="input select"
            aria-label="Weights"
            value={weights.type}
            onChange={(event) => {
              const type = event.target.value as WeightScheme["type"];
              editRecipe("weight type", (before) => withWeightType(before, type));
            }}
            data-testid="weight-type"
          >
            {WEIGHT_TYPES.filter((type) => isTaken(type, recipe)).map((type) => (
              <option key={type} value={type} disabled={isRefused(recipe, withWeightType(recipe, type))}>
                {type}
              </option>
            ))}
          </select>
          <select
            className="input select"
            aria-label="Scales of weights"
            value={weights.granularity}
            disabled={weights.block !== undefined}
            onChange={(event) => {
              const granularity = event.target.value as WeightScheme["granularity"];
              editRecipe("weights", (before) => withGranularity(before, granularity));
            }}
            data-testid="weights"
          >
            {(["channel", "tensor"] as const).map((each) => (
              <option key={each} value={each} disabled={isRefused(recipe, withGranularity(recipe, each))}>
                per {each}
              </option>
            ))}
          </select>
        </span>
      </div>
      <label className="check">
        <input
          type="checkbox"
          checked={weights.scales !== undefined}
          disabled={
            weights.block !== undefined ||
            isAsymmetric(weights.type) ||
            isRefused(recipe, withPowersOfTwo(recipe, weights.scales === undefined))
          }
          onChange={(event) => {
            const chosen = event.target.checked;
            editRecipe("scales", (before) => withPowersOfTwo(before, chosen));
          }}
          data-testid="powers-of-two"
        />
        Scales are powers of two
      </label>
      {isCodebook(weights.type) ? (
        <p className="muted small">
          The nearest of so many values; each is looked up as the file is loaded, and layers compute in float.
        </p>
      ) : weightsAlone ? (
        <BlockChoices recipe={recipe} isBesideHalves={isBesideHalves} />
      ) : (
        <p className="muted small">
          Blocks, and types with zero points, are for weights alone: leave activations in float.
        </p>
      )}
      <RoundingChoice recipe={recipe} />
      {awaited === "rounding" || awaited === "finetuning" ? (
        <p className="hint waiting" data-testid="rounding-awaited">
          {awaited === "rounding" ? "Not learned yet." : "Not tuned yet."}{" "}
          <button type="button" className="button small" onClick={showRounding}>
            Go to Rounding
          </button>
        </p>
      ) : rounding ? (
        <p className="muted small">Rounding of {plural(Object.keys(rounding).length, "layer")} is learned.</p>
      ) : weights.rounding === "finetuned" && codes ? (
        <p className="muted small">Weights of {plural(Object.keys(codes).length, "layer")} are tuned or learned.</p>
      ) : null}
    </>
  );
}

function RoundingChoice({ recipe }: { readonly recipe: Recipe }) {
  const { rounding, seed = 0 } = recipe.weights;
  const isOut = (each: WeightScheme["rounding"]) => isRefused(recipe, withRounding(recipe, each, null));
  if (ROUNDINGS.every((each) => each === rounding || isOut(each))) return null;
  return (
    <>
      <Choice<WeightScheme["rounding"]>
        label={<Term word="learned rounding">Rounding</Term>}
        value={rounding}
        options={ROUNDINGS.map((each) => ({ value: each, text: ROUNDING_TEXTS[each], disabled: isOut(each) }))}
        onChoose={(each) => (each === "finetuned" ? chooseFineTuning() : chooseRounding(each))}
        testId="rounding"
      />
      {rounding === "stochastic" && (
        <NumberField
          label="Seed"
          value={seed}
          step={1}
          onCommit={(value) => {
            const drawn = Math.min(Math.max(Math.round(value), 0), LARGEST_SEED);
            editRecipe("seed of rounding", (before) => withRoundingSeed(before, drawn));
          }}
          testId="rounding-seed"
        />
      )}
      {isOut("learned") && (
        <p className="muted small">Rounding is learned of symmetric weights with a scale a channel.</p>
      )}
    </>
  );
}

const ROUNDING_TEXTS: Readonly<Record<WeightScheme["rounding"], string>> = {
  nearest: "to nearest",
  learned: "learned (AdaRound)",
  stochastic: "stochastic, by a seed",
  finetuned: "fine-tuned",
};

function isTaken(type: WeightScheme["type"], { format }: Recipe): boolean {
  if ((format === "float8") !== (type === "float8")) return false;
  if (format === "q4f16") return type === "uint4" || type === "int4";
  return format === "weights" || !isAlone(type);
}

function showRounding(): void {
  actions.tuneViewOpened("rounding");
}
