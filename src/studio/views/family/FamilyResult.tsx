import { useMemo, useRef } from "react";
import { type FamilySummary, judgedOn, noiseLine, type VariantResult } from "../../../engine/model/family.ts";
import { taskText } from "../../../engine/model/task.ts";
import { listed, plural } from "../../../engine/values/figures.ts";
import { byteSize, decibel } from "../../../engine/values/units.ts";
import { Notices } from "../../parts/Notices.tsx";
import { useLabels } from "../../parts/useLabels.ts";

/** Of the table, what names take at most. */
const NAMES = 0.25;

/** What was made: noise first, each file with its figures and where it runs, and the lines that load them. */
export function FamilyResult({ summary }: { readonly summary: FamilySummary }) {
  const { variants, load, notices } = summary;
  const table = useRef<HTMLTableElement>(null);
  const names = useMemo(() => variants.map(({ part, file }) => file ?? part), [variants]);
  const labelOf = useLabels(table, names, NAMES);
  const noise = variants.filter((each) => each.noise !== null);
  const lines = new Set(noise.map(noiseLine));
  const others = notices.filter(({ message }) => !lines.has(message));
  return (
    <div className="family-result" data-testid="family-result">
      {noise.length > 0 ? (
        <ul className="family-noise" role="alert">
          {noise.map((each) => (
            <li key={each.file}>{noiseLine(each)}</li>
          ))}
        </ul>
      ) : null}
      <table ref={table} className="table">
        <caption>{judgedOn(variants)} What is predicted is by ONNX Runtime's kernels, not run.</caption>
        <thead>
          <tr>
            <th scope="col">File</th>
            <th scope="col" className="number">
              Size
            </th>
            <th scope="col" className="number">
              SQNR
            </th>
            <th scope="col">Task: float, this</th>
            <th scope="col">Native</th>
            <th scope="col">WASM</th>
            <th scope="col">WebGPU</th>
          </tr>
        </thead>
        <tbody>
          {variants.map((variant) => (
            <Row key={`${variant.part} ${variant.dtype}`} variant={variant} labelOf={labelOf} />
          ))}
        </tbody>
      </table>
      <Notices notices={others} label="Notices about the family" />
      {load.map(({ language, code }) => (
        <div key={language} className="family-code">
          <h3>{language}</h3>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: long lines scroll by keyboard */}
          <pre tabIndex={0}>{code}</pre>
        </div>
      ))}
    </div>
  );
}

interface RowProps {
  readonly variant: VariantResult;
  readonly labelOf: (name: string) => string;
}

function Row({ variant, labelOf }: RowProps) {
  const { part, dtype, file, bytes, sqnr, task, noise, runs, says } = variant;
  if (file === null) {
    return (
      <tr>
        <th scope="row" title={part}>
          {labelOf(part)}, {dtype}
        </th>
        <td colSpan={6}>Not made: {says}</td>
      </tr>
    );
  }
  return (
    <tr className={noise === null ? undefined : "family-noisy"}>
      <th scope="row" title={file}>
        {labelOf(file)} <span className="badge">{dtype}</span>
      </th>
      <td className="number">{bytes === null ? "–" : byteSize(bytes)}</td>
      <td className="number">{sqnr === null ? "–" : decibel(sqnr)}</td>
      <td>{task ? taskText(task) : "–"}</td>
      <td className="family-place">{runs.native}</td>
      <td className="family-place">{runs.wasm}</td>
      <td>{gpuText(runs)}</td>
    </tr>
  );
}

function gpuText({ webgpu, onProcessor }: VariantResult["runs"]): string {
  if (onProcessor.length === 0) return `${webgpu}`;
  const what = onProcessor.length <= 2 ? listed(onProcessor) : plural(onProcessor.length, "operator");
  return `${webgpu}, ${what} on the processor`;
}
