import { useState } from "react";
import type { Recipe } from "../../../engine/model/recipe.ts";
import { DEFAULT_TARGET, TARGET_NAMES, type TargetName } from "../../../engine/model/target.ts";
import { withTarget } from "../../../engine/recipe/edits.ts";
import { targetOf } from "../../../engine/targets/index.ts";
import { refusalOf } from "../../../engine/targets/target.ts";
import { Choice } from "../../parts/Choice.tsx";
import { editRecipe } from "../../state/recipe.ts";
import { AdviceDialog } from "./AdviceDialog.tsx";
import { TargetDialog } from "./TargetDialog.tsx";

/** Where the model is to run, what that asks for and where it is written, and what every target makes of the model. */
export function TargetChoice({ recipe }: { readonly recipe: Recipe }) {
  const [open, setOpen] = useState<"targets" | "advice" | null>(null);
  const close = () => setOpen(null);
  const target = targetOf(recipe);
  const refusal = refusalOf(target, recipe);
  return (
    <>
      <Choice<TargetName>
        label="For"
        value={target.id}
        options={TARGET_NAMES.map((name) => ({
          value: name,
          text: name === DEFAULT_TARGET ? `${name} (default)` : name,
        }))}
        onChoose={(name) => editRecipe(`target ${name}`, (before) => withTarget(before, name))}
        testId="target"
      />
      {refusal ? (
        <p className="hint" role="alert" data-testid="target-refuses">
          {refusal}
        </p>
      ) : null}
      <button type="button" className="button" onClick={() => setOpen("advice")} data-testid="advice-open">
        Advice for this model
      </button>
      <details className="fold" data-testid="target-rules">
        <summary>
          What {target.name} asks for <span className="muted">{target.rules.length}</span>
        </summary>
        <ul className="rules">
          {target.rules.map(({ says, source }) => (
            <li key={says}>
              {says}{" "}
              <a href={source} target="_blank" rel="noreferrer">
                source
              </a>
            </li>
          ))}
        </ul>
        <button type="button" className="button small" onClick={() => setOpen("targets")} data-testid="targets-open">
          This model on every target
        </button>
      </details>
      {open === "targets" ? <TargetDialog onClose={close} /> : null}
      {open === "advice" ? <AdviceDialog recipe={recipe} onClose={close} /> : null}
    </>
  );
}
