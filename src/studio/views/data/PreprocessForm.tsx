import type { Preprocess, Preset } from "../../../engine/model/preprocess.ts";
import { withPreprocess } from "../../../engine/recipe/edits.ts";
import { Choice } from "../../parts/Choice.tsx";
import { Term } from "../../parts/Term.tsx";
import { TextField } from "../../parts/TextField.tsx";
import { presetOf } from "../../presets.ts";
import { editRecipe } from "../../state/recipe.ts";
import { useProject, useWork } from "../../state/useStudio.ts";
import { usePresets } from "./usePresets.ts";

type Size = number | readonly [number, number];
type ResizeMode = NonNullable<Preprocess["resize"]>["mode"] | "none";

const showSize = (size: Size | null) =>
  size === null ? "" : typeof size === "number" ? String(size) : size.join(" x ");

function readSize(text: string): Size | null {
  const sides = text
    .split(/[x×,\s]+/i)
    .filter(Boolean)
    .map(Number);
  if (!sides.every((side) => Number.isInteger(side) && side > 0)) return null;
  const [first, second] = sides;
  if (first === undefined || sides.length > 2) return null;
  return second === undefined ? first : [first, second];
}

function readSide(text: string): number | null {
  const size = readSize(text);
  return typeof size === "number" ? size : null;
}

function readNumbers(text: string): readonly number[] | null {
  const numbers = text
    .split(/[,;\s]+/)
    .filter(Boolean)
    .map(Number);
  return (numbers.length === 1 || numbers.length === 3) && numbers.every(Number.isFinite) ? numbers : null;
}

/** A number, or a fraction such as 1/255. */
function readScale(text: string): number | null {
  const [above, below = "1", ...rest] = text.split("/");
  const value = Number(above) / Number(below);
  return rest.length === 0 && above?.trim() && Number.isFinite(value) && value !== 0 ? value : null;
}

function showScale(scale: number): string {
  const inverse = 1 / scale;
  return scale < 0.5 && Math.abs(inverse - Number(inverse.toFixed(3))) < 1e-6
    ? `1/${Number(inverse.toFixed(3))}`
    : String(scale);
}

const OPTIONS = <T extends string>(...values: T[]) => values.map((value) => ({ value, text: value }));

/** How a picture becomes the model's input; every field can be changed. */
export function PreprocessForm() {
  const preprocess = useProject((project) => project.recipe?.present.preprocess);
  const presets = usePresets();
  const busy = useWork((work) => work.job !== null);
  if (!preprocess) return null;
  const { resize } = preprocess;
  const preset = presetOf(preprocess, presets);
  const change = (part: Partial<Preprocess>) =>
    editRecipe("preprocessing", (recipe) => withPreprocess(recipe, { ...preprocess, ...part }));
  const setMode = (mode: ResizeMode) => {
    const size = preprocess.resize?.size ?? 224;
    const side = typeof size === "number" ? size : size[0];
    if (mode === "none") change({ resize: null });
    else if (mode === "shorter") change({ resize: { mode, size: side } });
    else change({ resize: { mode, size: typeof size === "number" ? [size, size] : size } });
  };
  return (
    <fieldset className="form" disabled={busy}>
      <legend>
        <Term word="preprocessing">Preprocessing</Term>: (x × scale − mean) / std, x in 0..255
      </legend>
      <Choice<Preset | "own">
        label="Preset"
        value={preset ?? "own"}
        options={[...OPTIONS<Preset | "own">(...presets.keys()), { value: "own", text: "own values" }]}
        onChoose={(name) => name !== "own" && change(presets.get(name) ?? {})}
        testId="preset"
      />
      <Choice<ResizeMode>
        label="Resize"
        value={preprocess.resize?.mode ?? "none"}
        options={OPTIONS<ResizeMode>("none", "shorter", "exact", "letterbox")}
        onChoose={setMode}
      />
      {resize?.mode === "shorter" ? (
        <TextField
          label="Shorter side"
          value={resize.size}
          show={showSize}
          read={readSide}
          onCommit={(size) => change({ resize: { ...resize, size } })}
        />
      ) : null}
      {resize && resize.mode !== "shorter" ? (
        <TextField
          label="Height x width"
          value={resize.size}
          show={showSize}
          read={readSize}
          onCommit={(size) => change({ resize: { ...resize, size } })}
        />
      ) : null}
      <TextField<Size | "none">
        label="Centre crop"
        value={preprocess.crop ?? "none"}
        show={(crop) => (crop === "none" ? "none" : showSize(crop))}
        read={(text) => (["", "none"].includes(text.trim()) ? "none" : readSize(text))}
        onCommit={(crop) => change({ crop: crop === "none" ? null : crop })}
      />
      <Choice
        label="Layout"
        value={preprocess.layout}
        options={OPTIONS<Preprocess["layout"]>("NCHW", "NHWC")}
        onChoose={(layout) => change({ layout })}
      />
      <Choice
        label="Colour"
        value={preprocess.color}
        options={OPTIONS<Preprocess["color"]>("RGB", "BGR", "GRAY")}
        onChoose={(color) => change({ color })}
      />
      <TextField
        label="Scale"
        value={preprocess.scale}
        show={showScale}
        read={readScale}
        onCommit={(scale) => change({ scale })}
      />
      <TextField
        label="Mean"
        value={preprocess.mean}
        show={(mean) => mean.join(", ")}
        read={readNumbers}
        onCommit={(mean) => change({ mean })}
      />
      <TextField
        label="Std"
        value={preprocess.std}
        show={(std) => std.join(", ")}
        read={(text) => {
          const std = readNumbers(text);
          return std?.every((value) => value !== 0) ? std : null;
        }}
        onCommit={(std) => change({ std })}
      />
    </fieldset>
  );
}
