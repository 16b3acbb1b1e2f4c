import { useState } from "react";
import { AGAINST_PART, type FineTuning, hasGained, NOT_JUDGED } from "../../../../engine/model/finetuning.ts";
import { count, plural } from "../../../../engine/values/figures.ts";
import { decibel, duration } from "../../../../engine/values/units.ts";
import { LossChart } from "../../../charts/LossChart.tsx";
import { decibelsOf } from "../../../charts/loss.ts";
import { Term } from "../../../parts/Term.tsx";
import { Adoption } from "../../../parts/WaitingFor.tsx";
import {
  adoptFineTuning,
  blockName,
  FINE_TUNING,
  fineTuningIsAdopted,
  fineTuningIsStale,
  isTunable,
  isWhollyTuned,
  tunedText,
} from "../../../state/finetuning.ts";
import { useProject, useResults, useStudio, useView, useWork } from "../../../state/useStudio.ts";
import { Curve } from "./Curve.tsx";
import { FineTuningForm } from "./FineTuningForm.tsx";
import { FineTuningTable } from "./FineTuningTable.tsx";
import { LayerwiseTable } from "./LayerwiseTable.tsx";

/** Tunes codes, scales, zero points and biases, layer by layer and of several layers together, and shows what that came to. */
export function FineTuningPart() {
  const finetuning = useResults((results) => results.finetuning?.result ?? null);
  const running = useWork((work) => work.job?.task === FINE_TUNING);
  const tunable = useProject(({ recipe }) => recipe !== null && isTunable(recipe.present));
  return (
    <section className="rounding" aria-label="Fine-tuning">
      <h3>
        <Term word="fine-tuning">Fine-tuning</Term>
      </h3>
      <p className="muted">
        {tunable
          ? "Where learned rounding is not enough: codes, scales and zero points are found layer by layer, and then learned for several layers together, by gradients, for the float model’s answers. It takes minutes, of large models an hour or more."
          : "Weights in int4 without blocks can be fine-tuned from learned rounding on."}
      </p>
      {tunable ? <FineTuningForm /> : null}
      {running || finetuning ? <Tuned finetuning={finetuning} running={running} /> : null}
    </section>
  );
}

interface TunedProps {
  readonly finetuning: FineTuning | null;
  readonly running: boolean;
}

function Tuned({ finetuning, running }: TunedProps) {
  const [chosen, setChosen] = useState<string | null>(null);
  const stale = useStudio((state) => !running && fineTuningIsStale(state));
  const learning = useWork((work) => (running ? work.learning : null));
  const asked = useView((view) => view.tuningSteps);
  const done = finetuning?.blocks.find(({ layers }) => blockName(layers) === chosen) ?? null;
  const shown = done ?? (running ? null : (finetuning?.blocks.at(-1) ?? null));
  const name = shown ? blockName(shown.layers) : (learning?.layer ?? null);
  const curve = shown?.curve ?? learning?.curve ?? null;
  return (
    <div className={stale ? "rounding stale" : "rounding"} data-testid="finetuning-tuned">
      {stale ? (
        <p className="hint">
          Stale: the weights, the activations’ type, or the samples are not those it was tuned with.
        </p>
      ) : null}
      {finetuning ? <Standing finetuning={finetuning} running={running} stale={stale} /> : null}
      {name !== null && curve ? (
        <Curve of={name} unit="step" live={!shown}>
          <LossChart
            layer={name}
            curve={curve}
            iterations={shown ? (finetuning?.steps ?? asked) : asked}
            nearest={null}
          />
        </Curve>
      ) : running && finetuning?.layerwise.judged ? (
        <div className="skeleton loss-waiting" />
      ) : null}
      {finetuning && finetuning.blocks.length > 0 ? (
        <FineTuningTable finetuning={finetuning} selected={shown ? name : null} onSelect={setChosen} />
      ) : null}
      {finetuning && finetuning.layerwise.layers.length > 0 ? <LayerwiseTable {...finetuning.layerwise} /> : null}
    </div>
  );
}

interface StandingProps {
  readonly finetuning: FineTuning;
  readonly running: boolean;
  readonly stale: boolean;
}

function Standing({ finetuning, running, stale }: StandingProps) {
  const adopted = useStudio(fineTuningIsAdopted);
  const { layerwise, samples, views, steps, seconds, learner } = finetuning;
  const { judged } = layerwise;
  const whole = isWhollyTuned(finetuning);
  const gained = hasGained(finetuning);
  return (
    <p className="rounding-standing" data-testid="finetuning-standing">
      <strong>{tunedText(finetuning)} tuned.</strong>{" "}
      <span className="muted">
        {views > samples ? `${count(views)} views of ${plural(samples, "sample")}` : plural(samples, "sample")},{" "}
        {plural(steps, "step")} a block; {duration(seconds * 1000)}, {learner}.
      </span>
      {judged ? (
        <span data-testid="finetuning-layerwise">
          Layer by layer, on {plural(layerwise.views, "view")}:{" "}
          {Number.isNaN(judged.before)
            ? NOT_JUDGED
            : `the outputs on samples held out have an error of ${decibel(decibelsOf(judged.after))}, with learned rounding ${decibel(decibelsOf(judged.before))}`}
          ; {judged.kept ? "kept." : "left."}
        </span>
      ) : null}
      {gained ? <span>{AGAINST_PART}</span> : whole ? <span>Nothing gained: learned rounding stays.</span> : null}
      {running || stale || !(gained || adopted) ? null : (
        <Adoption
          isAdopted={adopted}
          isWhole={whole}
          partly="what is tuned"
          onAdopt={adoptFineTuning}
          testId="finetuning"
        />
      )}
    </p>
  );
}
