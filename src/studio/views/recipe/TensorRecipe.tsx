import { METHODS, type Method } from "../../../engine/model/range.ts";
import { own } from "../../../engine/model/record.ts";
import { withFloat, withGroupDefault } from "../../../engine/recipe/edits.ts";
import { METHOD_NAMES } from "../../charts/methods.ts";
import { Choice } from "../../parts/Choice.tsx";
import { chooseMethod } from "../../state/handles.ts";
import { editRecipe } from "../../state/recipe.ts";
import { groupOf, rowOf } from "../../state/selection.ts";
import { useProject, useStudio } from "../../state/useStudio.ts";

type Chosen = Method | "all" | "hand";

/** The part of the recipe that concerns the selected layer's output. */
export function TensorRecipe() {
  const row = useStudio(rowOf);
  const group = useStudio(groupOf);
  const recipe = useProject((project) => project.recipe?.present);
  const fixed = useProject((project) =>
    project.model?.plan.groups.some((entry) => entry.id === group && entry.fixed !== null),
  );
  const calibrated = useProject((project) => project.calibration !== null);
  if (!row || !recipe) return null;
  const tensor = row.fusedWith ? undefined : row.outputs[0];
  const leftByChoice = tensor !== undefined && recipe.float.tensors.includes(tensor);
  if (!group && !leftByChoice) return null;
  const chosen: Chosen = !group ? "all" : own(recipe.ranges, group) ? "hand" : (own(recipe.methods, group) ?? "all");
  return (
    <div className="tensor-recipe" data-testid="tensor-recipe">
      <p className="tensor-name" title={row.fusedWith ?? row.id}>
        <span className="muted">Output of</span> {row.fusedWith ?? row.id}
      </p>
      {group && !fixed ? (
        <Choice<Chosen>
          label="Range by"
          value={chosen}
          disabled={!calibrated}
          options={[
            { value: "all", text: "as all" },
            ...METHODS.map((method) => ({ value: method, text: METHOD_NAMES[method] })),
            ...(chosen === "hand" ? [{ value: "hand" as const, text: "by hand" }] : []),
          ]}
          onChoose={(choice) => {
            if (choice === "all") editRecipe(`method ${group}`, (before) => withGroupDefault(before, group));
            else if (choice !== "hand") chooseMethod(group, choice);
          }}
          testId="tensor-method"
        />
      ) : null}
      {tensor !== undefined && row.precision !== "float32" ? (
        <label className="check">
          <input
            type="checkbox"
            checked={leftByChoice}
            onChange={(event) =>
              editRecipe(`tensor ${tensor}`, (before) => withFloat(before, "tensors", [tensor], event.target.checked))
            }
          />
          Leave this output in float
        </label>
      ) : null}
    </div>
  );
}
