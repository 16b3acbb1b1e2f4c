import { useMemo, useRef } from "react";
import { change } from "../../../engine/values/shares.ts";
import { byteSize } from "../../../engine/values/units.ts";
import { Empty } from "../../parts/Empty.tsx";
import { Facts } from "../../parts/Facts.tsx";
import { Notices } from "../../parts/Notices.tsx";
import { useLabels } from "../../parts/useLabels.ts";
import { isReady } from "../../state/encryption.ts";
import { download, exportFiles } from "../../state/export.ts";
import { isBusy } from "../../state/recipe.ts";
import type { ExportSummary } from "../../state/slices/results.ts";
import type { TuneView } from "../../state/slices/view.ts";
import { isStandIn } from "../../state/standIn.ts";
import { type AwaitedPart, awaitedOf, evaluationIsStale, exportIsStale } from "../../state/steps.ts";
import { actions } from "../../state/store.ts";
import { useFacts } from "../../state/useFacts.ts";
import { useView, useWork } from "../../state/useStudio.ts";
import { DeleteEverything } from "../frame/DeleteEverything.tsx";
import { Kept } from "../frame/Kept.tsx";
import { EncryptionForm } from "./EncryptionForm.tsx";

/** Of the table of files, what names take at most. */
const NAMES = 0.6;

interface Awaited {
  readonly text: string;
  readonly tab: string;
  readonly view: TuneView;
}

const AWAITED: Readonly<Record<AwaitedPart, Awaited>> = {
  rounding: {
    text: "The recipe asks for learned rounding, which is not learned yet.",
    ...{ tab: "Rounding", view: "rounding" },
  },
  finetuning: {
    text: "The recipe asks for fine-tuned weights, which are not tuned yet.",
    ...{ tab: "Rounding", view: "rounding" },
  },
  codes: {
    text: "The recipe asks for codes found on samples, which are not found yet.",
    ...{ tab: "Codes", view: "codes" },
  },
};

/** The files of the job, as one download, or of a model that a tab does not hold as one each. */
export function ExportStep() {
  const facts = useFacts();
  const busy = useWork(isBusy);
  const encryption = useView((view) => view.encryption);
  const { calibration, evaluation, exported } = facts;
  if (!calibration) {
    return (
      <>
        <h2>Export</h2>
        <Empty title="There is nothing to export before the model is calibrated.">
          <button type="button" className="button primary" onClick={() => actions.stepChosen("calibrate")}>
            Go to Calibrate
          </button>
        </Empty>
        <Stored />
      </>
    );
  }
  const bytes = evaluationIsStale(facts) ? null : evaluation?.result.bytes;
  const uncorrected =
    facts.data === null &&
    facts.recipe?.present.corrections.bias === "empirical" &&
    facts.recipe.present.biases === null;
  const observed = !isStandIn(calibration);
  const awaited = facts.recipe && awaitedOf(facts.recipe.present);
  const judged = !evaluation
    ? "Not evaluated: the report will have no measured figures."
    : evaluationIsStale(facts)
      ? "The evaluation is stale and will be left out: evaluate again to have it in the report."
      : "The evaluation of these very bytes goes into the report.";
  const stale = exportIsStale(facts);
  return (
    <>
      <h2>Export</h2>
      <p className="muted">
        {facts.model?.large ? "A download each" : "One zip"}: the quantized model, the recipe
        {observed ? " and the calibration cache that reproduce" : " that reproduces"} it byte for byte,
        {observed ? " ranges for TensorRT and ONNX Runtime," : ""} and a report as a page and as JSON.
      </p>
      {bytes ? (
        <Facts
          wide
          facts={[
            { key: "Float", value: byteSize(bytes.float) },
            { key: "Quantized", value: byteSize(bytes.quantized), testId: "export-bytes" },
            { key: "Change", value: change(bytes.float, bytes.quantized) },
          ]}
        />
      ) : null}
      {awaited ? (
        <p className="hint" data-testid="export-awaits">
          {AWAITED[awaited].text}{" "}
          <button type="button" className="button small" onClick={() => actions.tuneViewOpened(AWAITED[awaited].view)}>
            Go to {AWAITED[awaited].tab}
          </button>
        </p>
      ) : (
        <p>
          {judged}
          {uncorrected ? " Biases are not corrected: that needs samples." : ""}
        </p>
      )}
      <EncryptionForm disabled={busy} />
      <p>
        <button
          type="button"
          className="button primary"
          disabled={busy || awaited !== null || (encryption !== null && !isReady(encryption))}
          onClick={exportFiles}
          data-testid="export"
        >
          Download
        </button>
      </p>
      {exported ? (
        <div className={stale ? "stale" : undefined}>
          <Notices notices={exported.result.notices} label="Notices about the export" />
          {stale ? <p className="hint">Stale: the recipe or the evaluation changed since this download.</p> : null}
          <ExportedFiles {...exported.result} />
        </div>
      ) : null}
      <Stored />
    </>
  );
}

/** The files of an export, each a download. */
function ExportedFiles({ zip, files }: Pick<ExportSummary, "zip" | "files">) {
  const table = useRef<HTMLTableElement>(null);
  const names = useMemo(() => files.map(({ name }) => name), [files]);
  const labelOf = useLabels(table, names, NAMES);
  return (
    <table ref={table} className="table" data-testid="export-files">
      <caption>{zip ? `${zip.name}, ${byteSize(zip.bytes)}` : "Each is a download of its own."}</caption>
      <thead>
        <tr>
          <th scope="col">File</th>
          <th scope="col">Alone</th>
          <th scope="col" className="number">
            Size
          </th>
        </tr>
      </thead>
      <tbody>
        {files.map((file) => (
          <tr key={file.name}>
            <td title={file.name}>{labelOf(file.name)}</td>
            <td>
              <button
                type="button"
                className="button small"
                aria-label={`Download ${file.name}`}
                onClick={() => download(file.file, file.name)}
              >
                Download
              </button>
            </td>
            <td className="number">{byteSize(file.size)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Stored() {
  return (
    <section className="stored">
      <h3>In this browser</h3>
      <Kept />
      <DeleteEverything />
    </section>
  );
}
