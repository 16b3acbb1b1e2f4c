import { type LayerForm as Form, LAYER_FORM_WORDS } from "../../../../engine/model/layerForm.ts";
import { formsTaken, layerFormOf, withLayerForm } from "../../../../engine/recipe/layerForms.ts";
import { editRecipe } from "../../../state/recipe.ts";
import { useProject } from "../../../state/useStudio.ts";

/**
 * What a layer is computed in and keeps its weights in, where the target takes more than what all layers are; of a layer without weights
 * how many bits its activations have.
 */
export function LayerForm({ layer }: { readonly layer: string }) {
  const recipe = useProject((project) => project.recipe?.present);
  const parameters = useProject(
    (project) => project.model?.plan.layers.find(({ id }) => id === layer)?.parameters ?? 0,
  );
  if (!recipe) return null;
  const forms = formsTaken(recipe).filter((each) => parameters > 0 || each === "a16");
  const form = layerFormOf(recipe, layer);
  if (forms.length === 0 && (form === null || parameters === 0)) return null;
  return (
    <select
      className="input select"
      aria-label={`What ${layer} is computed in`}
      value={form ?? ""}
      onChange={(event) => {
        const chosen = event.target.value === "" ? null : (event.target.value as Form);
        editRecipe(`form ${layer}`, (before) => withLayerForm(before, [layer], chosen));
      }}
      data-testid="layer-form"
    >
      <option value="">as the recipe has all</option>
      {[...new Set([...forms, ...(form === null ? [] : [form])])].map((each) => (
        <option key={each} value={each}>
          {LAYER_FORM_WORDS[each]}
        </option>
      ))}
    </select>
  );
}
