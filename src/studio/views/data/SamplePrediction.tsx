import { useEffect, useState } from "react";
import type { NamedClass, Prediction } from "../../../engine/model/prediction.ts";
import type { Preprocess } from "../../../engine/model/preprocess.ts";
import { classText, scoreText } from "../../prediction.ts";
import { samplesPart } from "../../state/recipeParts.ts";
import type { OpenData } from "../../state/slices/project.ts";
import { useProject, useWork } from "../../state/useStudio.ts";
import { engine } from "../../state/workers.ts";

/** Rests between a change and the question, so that a run of changes costs one. */
const REST_MS = 250;

interface Asked {
  readonly data: OpenData | null;
  readonly preprocess: Preprocess | null;
  readonly seed: number | null;
  readonly index: number;
}

interface Answer extends Asked {
  readonly prediction: Prediction | null;
  readonly failure: string | null;
}

/** What the float model answers to the sample in view, asked beside jobs once nothing changes any more. */
export function SamplePrediction({ index }: { readonly index: number }) {
  const data = useProject((project) => project.data);
  const preprocess = useProject((project) => project.recipe?.present.preprocess ?? null);
  const seed = useProject((project) => project.recipe?.present.seed ?? null);
  const busy = useWork((work) => work.job !== null);
  const [answer, setAnswer] = useState<Answer | null>(null);
  const isAlike = answer?.preprocess === preprocess && answer.seed === seed && answer.index === index;
  const isNow = answer?.data === data && (isAlike || isNoClassifier(answer));
  useEffect(() => {
    if (busy || isNow) return;
    const asked: Asked = { data, preprocess, seed, index };
    let wanted = true;
    const rest = setTimeout(async () => {
      try {
        const prediction = await engine.ask((api) => api.predict(index, samplesPart({ preprocess, seed })));
        if (wanted) setAnswer({ ...asked, prediction, failure: null });
      } catch (error) {
        const { name, message } = error as Error;
        if (wanted && name !== "AbortError") setAnswer({ ...asked, prediction: null, failure: message });
      }
    }, REST_MS);
    return () => {
      wanted = false;
      clearTimeout(rest);
    };
  }, [data, preprocess, seed, index, busy, isNow]);
  return (
    <p className="prediction" data-testid="prediction" data-settled={isNow}>
      {answer && isNow ? (
        <Told {...answer} />
      ) : (
        <span className="muted">
          {busy ? "The float model answers once the job is done." : "Asking the float model…"}
        </span>
      )}
    </p>
  );
}

/** A model that gives one sample no class scores gives others none. */
function isNoClassifier({ prediction, failure }: Answer): boolean {
  return prediction === null && failure === null;
}

function Told({ prediction, failure }: Pick<Answer, "prediction" | "failure">) {
  if (failure !== null) return <span className="failure">{failure}</span>;
  if (!prediction) return <span className="muted">The outputs are no class scores, so there is no prediction.</span>;
  const { top, label } = prediction;
  const isLabelled = label && <Label {...{ top, label }} />;
  if (!top) {
    return (
      <>
        <span className="hint">The float model tells no class: all scores are equal, or some are not finite</span>
        {isLabelled}
      </>
    );
  }
  return (
    <>
      Float model: <strong data-testid="prediction-class">{classText(top)}</strong>{" "}
      <span className="muted">{scoreText(prediction)}</span>
      {isLabelled}
    </>
  );
}

function Label({ top, label }: { readonly top: NamedClass | null; readonly label: NamedClass }) {
  return (
    <>
      ; label{" "}
      <strong className={top?.index === label.index ? undefined : "hint"} data-testid="prediction-label">
        {classText(label)}
      </strong>
    </>
  );
}
