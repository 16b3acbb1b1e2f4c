import { InputError } from "../engine/model/job.ts";
import { DEFAULT_SEED, type Environment, type FamilyFolder, makeFamily } from "../engine/project/index.ts";
import { assertCount, assertNames, checkedContext, checkedInputs, checkedPreprocess } from "./checks.ts";
import type { Family, FamilyOptions } from "./familyOptions.ts";
import type { WrittenFile } from "./project.ts";

const OPTIONS = [
  ...["variants", "data", "preprocess", "samples", "runtime", "shapes", "values", "state", "quantized"],
  ...["signal", "onProgress"],
] as (keyof FamilyOptions<unknown>)[];

/** Throws InputError for options that there are not, or that are not as they should be. */
export function checkedFamily<Data>(options: FamilyOptions<Data>): FamilyOptions<Data> {
  assertNames("option", options, OPTIONS);
  const { variants, samples } = options;
  if (variants !== undefined && !(Array.isArray(variants) && variants.length > 0)) {
    throw new InputError('variants is a list of names, such as ["q8", "q4"]; leave it out for all.');
  }
  if (samples !== undefined) assertCount("samples", samples, 1);
  return options;
}

/** Makes what transformers.js asks for of what a folder holds, where `environment` runs it. */
export async function familyIn<Data>(
  { parts, beside, notices }: FamilyFolder,
  environment: Environment,
  options: FamilyOptions<Data>,
): Promise<Family> {
  const request = {
    family: "transformers.js",
    parts,
    beside,
    dtypes: options.variants ?? null,
    inputs: checkedInputs(options, null),
    preprocess: checkedPreprocess(options.preprocess),
    seed: DEFAULT_SEED,
    samples: options.samples ?? null,
  } as const;
  const made = await makeFamily(request, environment, checkedContext(options));
  const files = made.files.map((file) => ({
    name: file.name,
    get chunks() {
      return file.chunks as WrittenFile["chunks"];
    },
  }));
  return { ...made, files, notices: [...made.notices, ...notices] };
}
