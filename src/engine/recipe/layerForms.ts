import { LAYER_FORMS, type LayerForm, STORED_AS } from "../model/layerForm.ts";
import { type Recipe, storedTypeOf } from "../model/recipe.ts";
import { targetOf } from "../targets/index.ts";
import { refusalOf } from "../targets/target.ts";
import { withSettings } from "./change.ts";
import { withWide } from "./wide.ts";

const STORED = Object.keys(STORED_AS) as (keyof typeof STORED_AS)[];

/** What a recipe has a layer be; null where it is as all are. */
export function layerFormOf({ float, wide }: Pick<Recipe, "float" | "wide">, layer: string): LayerForm | null {
  if (float.layers.includes(layer)) return "f32";
  if (wide?.includes(layer)) return "a16";
  const type = storedTypeOf(float, layer);
  return STORED.find((form) => STORED_AS[form] === type) ?? null;
}

/** Has layers be so and nothing else; null gives them back to what all are. */
export function withLayerForm(recipe: Recipe, layers: readonly string[], form: LayerForm | null): Recipe {
  const moved = new Set(layers);
  const { stored = [], storedAs = {}, ...float } = recipe.float;
  const others = (names: readonly string[]) => names.filter((name) => !moved.has(name));
  const type = form === null || form === "f32" || form === "a16" ? null : STORED_AS[form];
  const inInt8 = [...others(stored), ...(type === "int8" ? moved : [])];
  const typed = {
    ...Object.fromEntries(Object.entries(storedAs).filter(([name]) => !moved.has(name))),
    ...(type !== null && type !== "int8" ? Object.fromEntries([...moved].map((name) => [name, type] as const)) : {}),
  };
  const wide = [...others(recipe.wide ?? []), ...(form === "a16" ? moved : [])];
  return withWide(
    withSettings(recipe, {
      float: {
        ...float,
        layers: [...others(float.layers), ...(form === "f32" ? moved : [])],
        ...(inInt8.length > 0 && { stored: inInt8 }),
        ...(Object.keys(typed).length > 0 && { storedAs: typed }),
      },
    }),
    wide,
  );
}

/** The forms that a recipe's format and target take for single layers, in the order of `LAYER_FORMS`. */
export function formsTaken(recipe: Recipe): readonly LayerForm[] {
  const target = targetOf(recipe);
  return LAYER_FORMS.filter((form) => refusalOf(target, withLayerForm(recipe, [""], form)) === null);
}
