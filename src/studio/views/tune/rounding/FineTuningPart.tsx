import { useState } from "react";
import { AGAINST_PART, type FineTuning } from "../../../../engine/model/finetuning.ts";
import { count, plural } from "../../../../engine/values/figures.ts";
import { duration } from "../../../../engine/values/units.ts";
import { LossChart } from "../../../charts/LossChart.tsx";
import { Term } from "../../../parts/Term.tsx";
import { Adoption } from "../../../parts/WaitingFor.tsx";
import {
  adoptFineTuning,
  blockName,
  FINE_TUNING,
  fineTuningIsAdopted,
  fineTuningIsStale,
  hasGained,
  isTunable,
  isWhollyTuned,
} from "../../../state/finetuning.ts";
import { useProject, useResults, useStudio, useView, useWork } from "../../../state/useStudio.ts";
import { Curve } from "./Curve.tsx";
import { FineTuningForm } from "./FineTuningForm.tsx";
import { FineTuningTable } from "./FineTuningTable.tsx";

/** Tunes codes, scales and biases of several layers together, from learned rounding on, and shows what that came to. */
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
          ? "Where learned rounding is not enough: codes, scales and biases of several layers are learned together, by gradients, for the float model’s answers. It takes minutes, of large models an hour or more."
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
      ) : running ? (
        <div className="skeleton loss-waiting" />
      ) : null}
      {finetuning && finetuning.blocks.length > 0 ? (
        <FineTuningTable finetuning={finetuning} selected={shown ? name : null} onSelect={setChosen} />
      ) : null}
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
  const { blocks, wanted, samples, views, steps, seconds, learner } = finetuning;
  const whole = isWhollyTuned(finetuning);
  const gained = hasGained(finetuning);
  return (
    <p className="rounding-standing" data-testid="finetuning-standing">
      <strong>
        {whole ? `${plural(wanted, "block")} tuned.` : `${count(blocks.length)} of ${plural(wanted, "block")} tuned.`}
      </strong>{" "}
      <span className="muted">
        {views > samples ? `${count(views)} views of ${plural(samples, "sample")}` : plural(samples, "sample")},{" "}
        {plural(steps, "step")} each; {duration(seconds * 1000)}, {learner}.
      </span>
      <span>{gained ? AGAINST_PART : "None gained on samples held out: learned rounding stays."}</span>
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
