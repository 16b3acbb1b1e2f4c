import { byteSize, change } from "../format.ts";
import { Empty } from "../parts/Empty.tsx";
import { Facts } from "../parts/Facts.tsx";
import { exportFiles } from "../state/export.ts";
import { evaluationIsStale, exportBasis } from "../state/steps.ts";
import { studio, useStudio } from "../state/store.ts";
import { useFacts } from "../state/useFacts.ts";
import { DeleteEverything } from "./DeleteEverything.tsx";

/** The files of the job, as one download. */
export function ExportStep() {
  const facts = useFacts();
  const busy = useStudio((state) => state.job !== null);
  const { calibration, evaluation, exported } = facts;
  if (!calibration) {
    return (
      <>
        <h2>Export</h2>
        <Empty title="There is nothing to export before the model is calibrated.">
          <button type="button" className="button primary" onClick={() => studio.setState({ step: "calibrate" })}>
            Go to Calibrate
          </button>
        </Empty>
        <Stored />
      </>
    );
  }
  const bytes = evaluation?.result.bytes;
  const judged = !evaluation
    ? "Not evaluated: the report will have no measured figures."
    : evaluationIsStale(facts)
      ? "The evaluation is stale and will be left out: evaluate again to have it in the report."
      : "The evaluation of these very bytes goes into the report.";
  const stale = exported !== null && exported.basis !== exportBasis(facts);
  return (
    <>
      <h2>Export</h2>
      <p className="muted">
        One zip: the quantized model, the recipe and the calibration cache that reproduce it byte for byte, ranges for
        TensorRT and ONNX Runtime, and a report as a page and as JSON.
      </p>
      {bytes ? (
        <Facts
          wide
          facts={[
            { key: "Float", value: byteSize(bytes.float) },
            { key: "int8", value: byteSize(bytes.quantized), testId: "export-bytes" },
            { key: "Change", value: change(bytes.float, bytes.quantized) },
          ]}
        />
      ) : null}
      <p>{judged}</p>
      <p>
        <button type="button" className="button primary" disabled={busy} onClick={exportFiles} data-testid="export">
          Download
        </button>
      </p>
      {exported ? (
        <div className={stale ? "stale" : undefined}>
          {stale ? <p className="hint">Stale: the recipe or the evaluation changed since this download.</p> : null}
          <table className="table" data-testid="export-files">
            <caption>
              {exported.result.zipName}, {byteSize(exported.result.zipBytes)}
            </caption>
            <thead>
              <tr>
                <th scope="col">File</th>
                <th scope="col" className="number">
                  Size
                </th>
              </tr>
            </thead>
            <tbody>
              {exported.result.files.map((file) => (
                <tr key={file.name}>
                  <td>{file.name}</td>
                  <td className="number">{byteSize(file.size)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
      <Stored />
    </>
  );
}

function Stored() {
  return (
    <section className="stored">
      <h3>In this browser</h3>
      <p className="muted">
        Recipes, statistics and results stay here over a reload; the model and samples only if you ticked so.
      </p>
      <DeleteEverything />
    </section>
  );
}
