import { useEffect, useMemo, useRef } from "react";
import { byteSize } from "../../../engine/values/units.ts";
import { useLabels } from "../../parts/useLabels.ts";
import { MOST_FILE_BYTES, MOST_RECORD_BYTES } from "../../state/keptParts.ts";
import { listKept, removeKept } from "../../state/room.ts";
import type { KeptModel } from "../../state/slices/work.ts";
import { guarded } from "../../state/storing.ts";
import { useWork } from "../../state/useStudio.ts";

/** Of the table, what names take at most. */
const NAMES = 0.35;

/** What this browser keeps of each model, how large it is, and the way to remove it. */
export function Kept() {
  const kept = useWork((work) => work.keptModels);
  const notKept = useWork((work) => work.notKept);
  useEffect(() => void guarded(listKept), []);
  const total = (of: "records" | "files") => byteSize(kept.reduce((sum, each) => sum + each[of], 0));
  return (
    <>
      {notKept ? <p className="hint">{notKept}</p> : null}
      <p className="muted" data-testid="kept-total">
        Recipes, statistics and results stay here over a reload: {total("records")} of at most{" "}
        {byteSize(MOST_RECORD_BYTES)}. The model and samples only if you ticked so: {total("files")} of at most{" "}
        {byteSize(MOST_FILE_BYTES)}. Beyond that what is kept of models that are not open goes, first what can be made
        again, oldest first. The browser compresses what it keeps.
      </p>
      {kept.length > 0 ? <KeptTable kept={kept} /> : null}
    </>
  );
}

function KeptTable({ kept }: { readonly kept: readonly KeptModel[] }) {
  const table = useRef<HTMLTableElement>(null);
  const names = useMemo(() => kept.map(({ name }) => name), [kept]);
  const labelOf = useLabels(table, names, NAMES);
  return (
    <table ref={table} className="table" data-testid="kept-models">
      <thead>
        <tr>
          <th scope="col">Kept of</th>
          <th scope="col">Last on</th>
          <th scope="col" className="number">
            Size
          </th>
          <th scope="col">
            <span className="visually-hidden">Remove</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {kept.map((model) => (
          <Row key={model.sha256} model={model} label={labelOf(model.name)} />
        ))}
      </tbody>
    </table>
  );
}

interface RowProps {
  readonly model: KeptModel;
  readonly label: string;
}

function Row({ model: { sha256, name, records, files, savedAt }, label }: RowProps) {
  return (
    <tr>
      <td title={name}>{label}</td>
      <td>{new Date(savedAt).toLocaleString()}</td>
      <td className="number">{byteSize(records + files)}</td>
      <td>
        <button
          type="button"
          className="button small"
          aria-label={`Remove what is kept of ${name}`}
          onClick={() => guarded(() => removeKept(sha256))}
        >
          Remove
        </button>
      </td>
    </tr>
  );
}
