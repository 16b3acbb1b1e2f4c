import { hasIntegerActivations, takesCodes, takesRanges, unsmoothable } from "../src/engine/model/format.ts";
import { InputError } from "../src/engine/model/job.ts";
import { LAYER_FORMS, type LayerForm } from "../src/engine/model/layerForm.ts";
import type { ActivationScheme } from "../src/engine/model/range.ts";
import { type Corrections, LARGEST_SEED, type Recipe, type WeightScheme } from "../src/engine/model/recipe.ts";
import type { Runtime } from "../src/engine/model/runtime.ts";
import type { TargetName } from "../src/engine/model/target.ts";
import { DEFAULT_SEED, Project, withInputs, withLayerForm, withLayerType } from "../src/engine/project/index.ts";
import type { BlockSize } from "../src/engine/values/codes.ts";
import type { Values } from "./arguments.ts";
import { nodeEnvironment } from "./environment.ts";
import type { INPUT_OPTIONS, MODEL_OPTIONS, RECIPE_OPTIONS } from "./optionGroups.ts";
import { inputsOf, modelSource, quantizedOf } from "./options.ts";
import { readDocumentText } from "./passphrase.ts";
import type { Terminal } from "./terminal.ts";

/** The document that an option names, decrypted where it is encrypted; null when it is not given. Throws InputError when it cannot be read. */
export async function documentOf<T>(
  path: string | null,
  read: (text: string, fileName: string) => T,
): Promise<T | null> {
  return path === null ? null : read(await readDocumentText(path), path);
}

/** What options change in a recipe. */
export type RecipeChanges = Partial<Pick<Recipe, "format" | "ends" | "method" | "elementwise">> & {
  readonly activations?: Partial<ActivationScheme>;
  readonly corrections?: Partial<Corrections>;
  readonly weights?: Partial<WeightScheme>;
  readonly target: TargetName | null;
  readonly order: Order;
  /** Types of which every layer is left in float. */
  readonly operators: readonly string[];
  /** What single layers are to be computed and kept in. */
  readonly forms: readonly (readonly [layer: string, form: LayerForm])[];
};

/** In which order samples are to be taken; null is as a recipe has it. */
type Order = Values<typeof RECIPE_OPTIONS>["order"];

/** The seed of the order that is asked for, under a recipe or where there is none. */
export function seedOf(order: Order, recipe: Pick<Recipe, "seed"> | null): number | null {
  if (order === "path") return null;
  if (order === null && recipe) return recipe.seed;
  return recipe?.seed ?? DEFAULT_SEED;
}

const WEIGHT_TYPE = {
  s8: "int8",
  u8: "uint8",
  s4: "int4",
  u4: "uint4",
  s2: "int2",
  u2: "uint2",
  nf4: "nf4",
  codebook16: "codebook16",
  codebook256: "codebook256",
} as const;

export function recipeChanges(values: Values<typeof RECIPE_OPTIONS>): RecipeChanges {
  const { method, format, activations, rounding, elementwise, order, weights: type, "bias-correction": bias } = values;
  if (format === "weights" && activations !== null && activations !== "float") {
    throw new InputError(`--format weights leaves activations in float; leave --activations ${activations} out.`);
  }
  if (format === "dynamic" && activations !== null) {
    throw new InputError(
      `--format dynamic finds scales of activations as the model runs; leave --activations ${activations} out.`,
    );
  }
  if (format && takesRanges({ format }) && activations === "float") {
    throw new InputError(
      `--format ${format} quantizes activations; leave --activations float out, or use --format weights.`,
    );
  }
  const asked = format ?? (activations === "float" ? "weights" : null);
  if (values.smooth && asked && !hasIntegerActivations({ format: asked })) throw new InputError(unsmoothable(asked));
  if (format && !takesCodes({ format })) assertNoCodes(values, format);
  if (format === "q4f16") assertBesideHalves(values);
  if (values.seed !== null && values.seed > LARGEST_SEED) {
    throw new InputError(`--seed takes a whole number of at most ${LARGEST_SEED}, not "${values.seed}".`);
  }
  const corrections = {
    ...(values.equalize && { equalization: true }),
    ...(values.smooth && { smoothing: true }),
    ...(bias && { bias }),
  };
  const powers: Pick<WeightScheme, "scales"> = values["power-of-two"] ? { scales: "power-of-two" } : {};
  const chosen = Object.entries(values.layer ?? {});
  const forms = chosen.flatMap(([layer, each]) => (isForm(each) ? [[layer, each] as const] : []));
  const ownTypes = chosen.flatMap(([layer, each]) => (isForm(each) ? [] : [[layer, WEIGHT_TYPE[each]] as const]));
  const weights: Partial<WeightScheme> = {
    ...(ownTypes.length > 0 && { layers: Object.fromEntries(ownTypes) }),
    ...(type && { type: WEIGHT_TYPE[type] }),
    ...(values.block && { block: Number(values.block) as BlockSize }),
    ...(values.operator && { operator: values.operator }),
    ...(values.algorithm && { algorithm: values.algorithm }),
    ...(values["per-tensor"] && { granularity: "tensor" }),
    ...(rounding && { rounding }),
    ...(values.seed !== null && { seed: values.seed }),
    ...powers,
  };
  const scheme: Partial<ActivationScheme> = {
    ...(activations === "s8" && { type: "int8", symmetric: true }),
    ...(activations === "s16" && { type: "int16", symmetric: true }),
    ...(activations === "u16" && { type: "uint16", symmetric: false }),
    ...(activations === "u8" && { type: "uint8", symmetric: false }),
    ...powers,
  };
  return {
    order,
    forms,
    operators: values["float-operator"] ?? [],
    ...(values.ends && { ends: values.ends }),
    target: values.target,
    ...(Object.keys(corrections).length > 0 && { corrections }),
    ...(method && { method }),
    ...(elementwise && { elementwise }),
    ...(Object.keys(weights).length > 0 && { weights }),
    ...(format && { format }),
    ...(!format && activations === "float" && { format: "weights" as const }),
    ...(Object.keys(scheme).length > 0 && { activations: scheme }),
  };
}

function isForm(given: string): given is LayerForm {
  return LAYER_FORMS.some((form) => form === given);
}

const OF_CODES = [
  ...(["weights", "layer", "per-tensor", "power-of-two", "rounding", "seed", "activations"] as const),
  ...(["method", "elementwise", "bias-correction"] as const),
];

/** The first of those that is given; a layer in float32 has no codes. */
function givenOfCodes(values: Values<typeof RECIPE_OPTIONS>): (typeof OF_CODES)[number] | undefined {
  const inFloat = Object.values(values.layer ?? {}).every((form) => form === "f32");
  return OF_CODES.find((name) => values[name] !== null && values[name] !== false && !(name === "layer" && inFloat));
}

/** Throws InputError where an option is about what the format q4f16 leaves in float16, or about other weights than it takes. */
function assertBesideHalves(values: Values<typeof RECIPE_OPTIONS>): void {
  const given = givenOfCodes({ ...values, weights: null });
  if (given === undefined) return;
  throw new InputError(
    `--format q4f16 has activations in float16 and weights in blocks of 4 bits, rounded to nearest; leave --${given} out.`,
  );
}

/** Throws InputError where an option is about codes and the format has none. */
function assertNoCodes(values: Values<typeof RECIPE_OPTIONS>, format: string): void {
  const given = givenOfCodes(values);
  if (given === undefined) return;
  throw new InputError(`--format ${format} makes no integers of weights or activations; leave --${given} out.`);
}

/**
 * Opens a model, with the inputs of the saved recipe where no option gives others, under that recipe with the changes
 * made; what the recipe has to leave behind is told. Throws InputError when the saved recipe is another model's, or the target does not take what is asked for.
 */
export async function openForRecipe(
  path: string,
  given: Values<typeof INPUT_OPTIONS & typeof MODEL_OPTIONS>,
  saved: Recipe | null,
  { target, corrections, weights, activations, order, forms, operators, ...changes }: RecipeChanges,
  runtime: Runtime,
  terminal: Terminal,
): Promise<Project> {
  const inputs = { ...withInputs(saved?.inputs ?? null, inputsOf(given)), ...quantizedOf(given, saved?.inputs) };
  const project = await Project.open(await modelSource(path), inputs, nodeEnvironment(runtime), terminal.context);
  if (saved) terminal.notices(project.adopt(saved).notices);
  if (target !== null) project.aim(target);
  if (changes.format) project.edit({ format: changes.format });
  const { recipe } = project;
  const { seed, ...saidOf } = recipe.weights;
  const drawn = seed !== undefined && (weights?.rounding ?? "stochastic") === "stochastic" ? { seed } : {};
  const { layers = {}, ...all } = weights ?? {};
  project.edit({
    ...(activations?.type && !takesRanges(recipe) && { format: "qdq" }),
    ...changes,
    seed: seedOf(order, recipe),
    activations: { ...recipe.activations, ...activations },
    weights: { ...saidOf, ...drawn, ...all },
    corrections: { ...recipe.corrections, ...corrections },
  });
  for (const [layer, type] of Object.entries(layers)) {
    project.edit({ weights: withLayerType(project.recipe, [layer], type).weights });
  }
  for (const [layer, form] of forms) {
    const { float, wide = [] } = withLayerForm(project.recipe, [layer], form);
    project.edit({ float, wide });
  }
  project.leaveInFloat(operators).assertTaken();
  return project;
}
