import { useEffect, useState } from "react";
import type { FamilyFound, FamilyMade, PathFile } from "../../../../workers/protocol.ts";
import { plural } from "../../../engine/values/figures.ts";
import { byteSize } from "../../../engine/values/units.ts";
import { sortFiles } from "../../files.ts";
import { FileButton } from "../../parts/FileButton.tsx";
import { Notices } from "../../parts/Notices.tsx";
import { TextDialog } from "../../parts/TextDialog.tsx";
import { downloadFamily, familyOf, makeFamily } from "../../state/family.ts";
import { useWork } from "../../state/useStudio.ts";
import { Alerts } from "../frame/Alerts.tsx";
import { JobLine } from "../frame/JobLine.tsx";
import { FamilyResult } from "./FamilyResult.tsx";
import "./FamilyDialog.css";

interface Props {
  /** Of the folder. */
  readonly files: readonly PathFile[];
  readonly onClose: () => void;
}

/** Which parts of a folder, which variants and which samples; then what was made of them, and the download. */
export default function FamilyDialog({ files, onClose }: Props) {
  const busy = useWork(({ job }) => job !== null);
  const [found, setFound] = useState<FamilyFound | null>(null);
  const [parts, setParts] = useState<readonly string[]>([]);
  const [dtypes, setDtypes] = useState<readonly string[]>([]);
  const [data, setData] = useState<readonly PathFile[]>(() => sortFiles(files).data);
  const [made, setMade] = useState<FamilyMade | null>(null);
  useEffect(() => {
    let isOpen = true;
    void familyOf(files).then((family) => {
      if (!isOpen) return;
      if (!family) return onClose();
      setFound(family);
      setParts(family.parts);
      setDtypes(family.dtypes);
    });
    return () => {
      isOpen = false;
    };
  }, [files, onClose]);
  const isReady = parts.length > 0 && dtypes.length > 0;
  return (
    <TextDialog
      title="A family for transformers.js"
      kind="family"
      testId="family"
      screen="family"
      onClose={onClose}
      isHeld={busy}
      foot={busy ? <JobLine /> : null}
      ways={
        <>
          <button
            type="button"
            className={made ? "button" : "button primary"}
            disabled={busy || !isReady}
            onClick={() => void makeFamily(files, data, { parts, dtypes }).then((family) => family && setMade(family))}
            data-testid="family-make"
          >
            {made ? "Make again" : "Make"}
          </button>
          {made ? (
            <button
              type="button"
              className="button primary"
              disabled={busy}
              onClick={() => downloadFamily(made)}
              data-testid="family-download"
            >
              Download {byteSize(made.zip.size)}
            </button>
          ) : null}
        </>
      }
    >
      <Alerts />
      {found ? (
        <>
          <Notices notices={found.notices} label="Notices about the folder" />
          <fieldset className="family-asked" disabled={busy}>
            <Ticks label="Models" names={found.parts} ticked={parts} onTick={setParts} />
            <Ticks label="Variants" names={found.dtypes} ticked={dtypes} onTick={setDtypes} />
            <div className="family-row">
              <span className="muted">Samples</span>
              <div className="form-row">
                <span data-testid="family-data">
                  {data.length > 0
                    ? `${plural(data.length, "file")}: half of the samples teach, the others judge`
                    : "none: fidelity is not judged without"}
                </span>
                <FileButton multiple onFiles={setData} testId="family-data-input">
                  Choose files
                </FileButton>
                <FileButton folder onFiles={setData}>
                  Choose a folder
                </FileButton>
              </div>
            </div>
          </fieldset>
        </>
      ) : (
        <p className="muted">Reading the folder...</p>
      )}
      {made ? <FamilyResult summary={made.summary} /> : null}
    </TextDialog>
  );
}

interface TicksProps {
  readonly label: string;
  readonly names: readonly string[];
  readonly ticked: readonly string[];
  readonly onTick: (ticked: readonly string[]) => void;
}

function Ticks({ label, names, ticked, onTick }: TicksProps) {
  return (
    <div className="family-row">
      <span className="muted">{label}</span>
      <ul className="family-ticks" aria-label={label}>
        {names.map((name) => (
          <li key={name}>
            <label className="check">
              <input
                type="checkbox"
                checked={ticked.includes(name)}
                onChange={({ target }) =>
                  onTick(names.filter((each) => (each === name ? target.checked : ticked.includes(each))))
                }
              />
              {name}
            </label>
          </li>
        ))}
      </ul>
    </div>
  );
}
