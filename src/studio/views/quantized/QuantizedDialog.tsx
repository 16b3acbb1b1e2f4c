import { Tooltip } from "radix-ui";
import { useEffect, useState } from "react";
import type { Evaluation } from "../../../engine/model/evaluation.ts";
import type { QuantizedFile } from "../../../engine/model/quantizedFile.ts";
import { plural } from "../../../engine/values/figures.ts";
import { byteSize } from "../../../engine/values/units.ts";
import { WalkChart } from "../../charts/WalkChart.tsx";
import { FileButton } from "../../parts/FileButton.tsx";
import { Notices } from "../../parts/Notices.tsx";
import { TextDialog } from "../../parts/TextDialog.tsx";
import { fileWalkNow } from "../../state/figures.ts";
import { takeFiles } from "../../state/intake.ts";
import { adoptRecovered, judgeBeside, type ReadFile, readQuantized, walkBeside } from "../../state/quantized.ts";
import type { QuantizedFiles } from "../../state/slices/view.ts";
import { actions } from "../../state/store.ts";
import { useProject, useResults, useStudio, useWork } from "../../state/useStudio.ts";
import { Results, Verdict } from "../evaluation/EvaluationPane.tsx";
import { Alerts } from "../frame/Alerts.tsx";
import { JobLine } from "../frame/JobLine.tsx";
import { WalkTable } from "../tune/walk/WalkTable.tsx";
import { QuantizedLayers } from "./QuantizedLayers.tsx";
import { Recovered, Unmatched, Unwalked } from "./Recovered.tsx";
import "./QuantizedDialog.css";

interface Props {
  readonly files: QuantizedFiles;
  readonly onClose: () => void;
}

/** A quantized model of any tool: its layers; beside its float model which is which, its recipe, how it is judged, and the walk through it. */
export default function QuantizedDialog({ files, onClose }: Props) {
  const busy = useWork(({ job }) => job !== null);
  const sha256 = useProject(({ model }) => model?.summary.sha256 ?? null);
  const hasData = useProject(({ data }) => data !== null);
  const [read, setRead] = useState<ReadFile | null>(null);
  const [evaluation, setEvaluation] = useState<Evaluation | null>(null);
  const [layer, setLayer] = useState<string | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: beside another float model it is another comparison
  useEffect(() => {
    let isOpen = true;
    setEvaluation(null);
    void readQuantized(files).then((found) => {
      if (!isOpen) return;
      if (!found) return onClose();
      setRead(found);
    });
    return () => {
      isOpen = false;
    };
  }, [files, sha256, onClose]);
  const own = read?.own ?? null;
  const matches = new Map(own?.matching.matches.map((match) => [match.stored, match]));
  const byFloat = new Map(own?.matching.matches.map(({ stored, float }) => [float, stored]));
  const floatOf = layer === null ? null : (matches.get(layer)?.float ?? null);
  const recipe = own?.recovery.recipe ?? null;
  const fileWalk = useResults((results) => results.fileWalk);
  const isStale = useStudio((state) => fileWalkNow(state)?.stale ?? false);
  const walk = own && fileWalk?.sha256 === own.file.sha256 ? fileWalk.result : null;
  return (
    <TextDialog
      title="A quantized model"
      screen="quantized"
      kind="quantized"
      testId="quantized"
      onClose={onClose}
      isHeld={busy}
      foot={busy ? <JobLine /> : null}
      ways={
        own ? (
          <>
            <button
              type="button"
              className="button"
              disabled={busy || !hasData}
              onClick={() => void judgeBeside(own).then((judged) => judged && setEvaluation(judged))}
              data-testid="quantized-evaluate"
            >
              Evaluate
            </button>
            <button
              type="button"
              className="button"
              disabled={busy || !hasData}
              onClick={() => void walkBeside()}
              data-testid="quantized-walk"
            >
              Walk through it
            </button>
            <button
              type="button"
              className="button"
              onClick={() => {
                onClose();
                actions.besideGraphOpened();
                if (walk) actions.graphColourChosen("error");
              }}
              data-testid="quantized-graph"
            >
              Its graph
            </button>
            <button
              type="button"
              className="button primary"
              disabled={busy || !recipe}
              onClick={() => {
                if (recipe) adoptRecovered(recipe, files.file.name);
                onClose();
              }}
              data-testid="quantized-adopt"
            >
              Go on from its recipe
            </button>
          </>
        ) : null
      }
    >
      <Alerts />
      {read ? (
        <>
          <p data-testid="quantized-facts">{factsOf(read.file)}</p>
          <Notices notices={read.file.notices} label="Notices about the quantized model" />
          {own ? (
            <>
              {hasData ? null : <p className="hint">Drop the samples in to evaluate it and to walk through it.</p>}
              <Notices notices={own.matching.notices} label="Notices about the match" />
              {evaluation ? (
                <section aria-label="Evaluation of the quantized model" data-testid="quantized-evaluation">
                  <h3>Float against this file, {plural(evaluation.samples, "sample")}</h3>
                  <Notices notices={evaluation.notices} label="Notices about the evaluation" />
                  <Verdict evaluation={evaluation} />
                  <Tooltip.Provider delayDuration={350} skipDelayDuration={150}>
                    <Results evaluation={evaluation} type={typeOf(read.file)} />
                  </Tooltip.Provider>
                  <button
                    type="button"
                    className="button"
                    onClick={() => {
                      onClose();
                      actions.tuneViewOpened("compare");
                    }}
                    data-testid="quantized-compare"
                  >
                    See it in Compare
                  </button>
                </section>
              ) : null}
              {walk ? (
                <section aria-label="Walk through the quantized model" data-testid="quantized-walked">
                  <h3>
                    Error at the output of {plural(walk.steps.length, "layer")} that both have,{" "}
                    {plural(walk.samples, "sample")}
                  </h3>
                  {isStale ? <p className="hint">Stale: the samples or how they are prepared changed since.</p> : null}
                  <WalkChart
                    walk={walk}
                    culprits={null}
                    selected={floatOf}
                    onSelect={(id) => setLayer(byFloat.get(id) ?? null)}
                  />
                  <WalkTable
                    walk={walk}
                    culprits={null}
                    selected={floatOf}
                    onSelect={(id) => setLayer(byFloat.get(id) ?? null)}
                  />
                  <Unwalked layers={walk.unwalked} />
                </section>
              ) : null}
              <Recovered recovery={own.recovery} />
            </>
          ) : (
            <div className="form-row">
              <span className="muted">
                {sha256 === null
                  ? "With the float model that it was made from, layers are matched, it is judged, and its recipe is recovered."
                  : "It is not of the model that is open; choose the float model that it was made from."}
              </span>
              <FileButton multiple onFiles={(given) => void takeFiles(given)} testId="quantized-float">
                Choose the float model
              </FileButton>
            </div>
          )}
          <QuantizedLayers file={read.file} matches={own ? matches : null} selected={layer} onSelect={setLayer} />
          {own ? <Unmatched matching={own.matching} /> : null}
        </>
      ) : (
        <p className="muted">Reading {files.file.name}...</p>
      )}
    </TextDialog>
  );
}

/** Of the first weight in codes. */
function typeOf({ layers }: QuantizedFile): string {
  const weights = layers.flatMap((layer) => layer.weights);
  return (weights.find(({ scales }) => scales.length > 0) ?? weights[0])?.type ?? "quantized";
}

function factsOf({ name, bytes, opset, producer, layers }: QuantizedFile): string {
  const quantized = layers.filter(({ form }) => form !== "float").length;
  return `${name}: ${byteSize(bytes)}, opset ${opset}, by ${producer || "an unnamed tool"}; ${quantized} of ${plural(layers.length, "layer")} quantized`;
}
