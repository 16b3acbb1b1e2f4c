import type { Preprocess, Preset } from "../engine/model/preprocess.ts";

/** What each preset comes to for the open model and data; those that do not suit them are left out. */
export type Presets = ReadonlyMap<Preset, Preprocess>;

const values = ({ resize, crop, layout, color, scale, mean, std }: Preprocess) =>
  JSON.stringify([resize?.mode, resize?.size, crop, layout, color, scale, mean, std]);

/** The preset that this preprocessing is, if any. */
export function presetOf(preprocess: Preprocess, presets: Presets): Preset | null {
  const wanted = values(preprocess);
  return [...presets].find(([, preset]) => values(preset) === wanted)?.[0] ?? null;
}
