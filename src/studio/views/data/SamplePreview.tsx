import { useEffect, useMemo, useRef, useState } from "react";
import type { SamplePreview as Preview } from "../../../engine/model/dataset.ts";
import type { Recipe } from "../../../engine/model/recipe.ts";
import { dimsText } from "../../../engine/values/dims.ts";
import { significant } from "../../../engine/values/figures.ts";
import { valuesText } from "../../inputs.ts";
import { latestOnly } from "../../state/latest.ts";
import { samplesPart } from "../../state/recipeParts.ts";
import { useProject } from "../../state/useStudio.ts";
import { engine } from "../../state/workers.ts";
import { InputSources } from "./InputSources.tsx";
import { SamplePrediction } from "./SamplePrediction.tsx";

interface Question {
  readonly index: number;
  readonly choices: Pick<Recipe, "preprocess" | "seed">;
}

/** A real sample: what each input gets of it, as decoded, and as the model sees it. */
export function SamplePreview() {
  const data = useProject((project) => project.data);
  const preprocess = useProject((project) => project.recipe?.present.preprocess ?? null);
  const seed = useProject((project) => project.recipe?.present.seed ?? null);
  const [index, setIndex] = useState(0);
  const [preview, setPreview] = useState<Preview | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const ask = useMemo(
    () =>
      latestOnly(
        ({ index, choices }: Question) => engine.ask((api) => api.preview(index, samplesPart(choices))),
        (answer) => {
          setPreview(answer);
          setFailure(null);
        },
        (error) => setFailure((error as Error).message),
      ),
    [],
  );
  const total = data?.summary.samples ?? 0;
  const shown = Math.min(index, Math.max(0, total - 1));
  useEffect(() => {
    if (data && total > 0) ask({ index: shown, choices: { preprocess, seed } });
  }, [data, total, shown, preprocess, seed, ask]);
  if (total === 0) return null;
  const several = (data?.summary.inputs.length ?? 0) > 1;
  const lead = preview?.tensors.find(({ name }) => name === preview.input);
  const pictured = preview?.original || preview?.prepared;
  return (
    <section className="preview" data-testid="preview">
      <div className="preview-head">
        <h3>Preview</h3>
        <button type="button" className="button" onClick={() => setIndex(shown - 1)} disabled={shown === 0}>
          Previous
        </button>
        <button type="button" className="button" onClick={() => setIndex(shown + 1)} disabled={shown >= total - 1}>
          Next
        </button>
        <span className="muted">
          {shown + 1} of {total}
          {preview ? `, ${preview.source}` : ""}
        </span>
      </div>
      {failure ? <p className="failure">{failure}</p> : <SamplePrediction index={shown} />}
      {several ? <InputSources tensors={preview && !failure ? preview.tensors : []} /> : null}
      {preview && lead ? (
        <div className="preview-pair">
          <Picture caption="As decoded" picture={preview.original} />
          <Picture
            caption={`As the model sees it, ${preview.input} ${dimsText(lead.dims)}`}
            picture={preview.prepared}
          />
          {several && !pictured ? null : (
            <dl className="facts preview-facts">
              {(["min", "max", "mean"] as const).map((name) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd data-testid={`preview-${name}`}>{significant(lead[name])}</dd>
                </div>
              ))}
            </dl>
          )}
          {several || pictured ? null : (
            <p className="preview-values" data-testid="preview-values">
              {valuesText(lead)}
            </p>
          )}
        </div>
      ) : failure ? null : (
        <div className="skeleton preview-waiting" />
      )}
    </section>
  );
}

function Picture({ caption, picture }: { readonly caption: string; readonly picture: Preview["original"] }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context || !picture) return;
    context.putImageData(new ImageData(new Uint8ClampedArray(picture.rgba), picture.width, picture.height), 0, 0);
  }, [picture]);
  if (!picture) return null;
  return (
    <figure>
      <canvas
        ref={canvas}
        width={picture.width}
        height={picture.height}
        className={picture.width < 120 ? "pixelated" : undefined}
        role="img"
        aria-label={caption}
      />
      <figcaption>
        {caption} <span className="muted">{`${picture.width} × ${picture.height}`}</span>
      </figcaption>
    </figure>
  );
}
