import { isComparable, triedNow, triedText } from "../../state/preprocess.ts";
import { useProject, useStudio, useWork } from "../../state/useStudio.ts";
import { UsePreprocess } from "./UsePreprocess.tsx";

/** What comparing with other preprocessings came to, and one that answers better. */
export function PreprocessOffer() {
  const tried = useStudio(triedNow);
  const comparable = useProject(isComparable);
  const comparing = useWork((work) => work.comparing);
  if (!comparable) return null;
  if (!tried) {
    const { done, total } = comparing?.progress ?? {};
    const so = total === undefined ? "" : `, ${done} of ${total} samples`;
    return (
      <p className="muted compared" data-testid="comparing-preprocesses">
        {comparing
          ? `Comparing with other preprocessings${so}…`
          : "Compared with other preprocessings once nothing else runs."}
      </p>
    );
  }
  const { finding } = tried;
  const speaks = finding?.better || finding?.shifted;
  return (
    <div className="form-row compared">
      <p className={speaks ? "hint" : "muted"} role="status" data-testid="tried-preprocesses">
        {triedText(tried).join(" ")}
      </p>
      <UsePreprocess />
    </div>
  );
}
