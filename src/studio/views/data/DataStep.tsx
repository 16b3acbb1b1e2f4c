import type { DataSummary } from "../../../engine/model/dataset.ts";
import { count, plural } from "../../../engine/values/figures.ts";
import { byteSize } from "../../../engine/values/units.ts";
import { Empty } from "../../parts/Empty.tsx";
import { Facts } from "../../parts/Facts.tsx";
import { FileButton } from "../../parts/FileButton.tsx";
import { Notices } from "../../parts/Notices.tsx";
import { NumberField } from "../../parts/NumberField.tsx";
import { dataNotices } from "../../state/data.ts";
import { takeFiles } from "../../state/intake.ts";
import { largeText } from "../../state/large.ts";
import { keepFiles } from "../../state/persistence.ts";
import { actions } from "../../state/store.ts";
import { useProject, useWork } from "../../state/useStudio.ts";
import { InputSources } from "./InputSources.tsx";
import { PreprocessForm } from "./PreprocessForm.tsx";
import { PreprocessOffer } from "./PreprocessOffer.tsx";
import { SamplePreview } from "./SamplePreview.tsx";
import "./DataStep.css";

const KINDS = {
  images: "images",
  npy: "arrays (.npy)",
  idx: "IDX files",
  npz: "arrays (.npz)",
  jsonl: "JSON lines",
} as const;

const EMPTY =
  "Drop samples anywhere: images or a folder of them, .npy, .npz, JSON lines, IDX, or a zip of any; labels as .csv (file,label), IDX, or a folder a class.";
const EMPTY_OF_SEVERAL =
  "Drop samples anywhere: .npz or JSON lines with the names of the inputs, or .npy files that are named like them; or give each input its own below.";

/** The samples: what was dropped, how many calibrate and evaluate, and how they become the model's input. */
export function DataStep() {
  const data = useProject((project) => project.data);
  const samples = useProject((project) => project.samples);
  const keep = useProject((project) => project.keep);
  const seed = useProject((project) => project.recipe?.present.seed ?? null);
  const notices = useProject(dataNotices);
  const several = useProject(({ model }) => (model?.plan.inputs.length ?? 0) > 1);
  const model = useProject((project) => project.model);
  if (model?.large) {
    return (
      <>
        <h2>Data</h2>
        <Empty title={largeText(model.file.name, model.large)} />
      </>
    );
  }
  if (!data) {
    return (
      <>
        <h2>Data</h2>
        <Empty title={several ? EMPTY_OF_SEVERAL : EMPTY}>
          <DataButtons />
        </Empty>
        {several ? <InputSources tensors={[]} /> : null}
      </>
    );
  }
  const { summary, files } = data;
  const bytes = files.reduce((sum, { file }) => sum + file.size, 0);
  return (
    <>
      <h2>Data</h2>
      <Facts
        wide
        facts={[
          { key: "Samples", value: count(summary.samples), testId: "data-samples" },
          { key: "Labelled", value: count(summary.labelled), testId: "data-labelled" },
          { key: "From", value: `${plural(summary.files, "file")}, ${KINDS[summary.kind]}` },
          { key: "Size", value: byteSize(bytes) },
        ]}
      />
      <Notices notices={notices} label="Notices about the data" />
      <div className="form-row">
        <NumberField
          label="Calibrate on the first"
          unit={`of ${count(summary.samples)}`}
          value={samples}
          step={1}
          onCommit={actions.samplesChosen}
          testId="samples"
        />
        <p className="form-note" data-testid="evaluation-samples">
          {summary.samples > samples
            ? `The other ${count(summary.samples - samples)} evaluate.`
            : "None is left to evaluate."}{" "}
          {orderText(summary, seed)}
        </p>
      </div>
      {summary.preprocess ? (
        <PreprocessForm />
      ) : several ? null : (
        <p className="muted">Arrays go to the model as they are.</p>
      )}
      <PreprocessOffer />
      <SamplePreview />
      {summary.kind === "images" ? (
        <p className="muted">
          Pictures are taken as stored: EXIF orientation and colour profiles are not applied, alpha is dropped.
        </p>
      ) : null}
      <div className="form-row">
        <DataButtons />
        <label className="check">
          <input type="checkbox" checked={keep} onChange={(event) => keepFiles(event.target.checked)} />
          Keep the model and samples on this machine
        </label>
      </div>
    </>
  );
}

/** In which order samples are taken. */
function orderText({ folders }: DataSummary, seed: number | null): string {
  if (seed === null) return "Taken in the order of their paths.";
  return `Taken at random${folders > 1 ? `, balanced over ${count(folders)} class folders` : ""}, seed ${seed}.`;
}

function DataButtons() {
  const busy = useWork((work) => work.job !== null);
  return (
    <>
      <FileButton multiple onFiles={takeFiles} disabled={busy} testId="data-input">
        Choose files
      </FileButton>
      <FileButton folder onFiles={takeFiles} disabled={busy} testId="folder-input">
        Choose a folder
      </FileButton>
    </>
  );
}
