import { triedNow, triedText } from "../../state/preprocess.ts";
import { useStudio } from "../../state/useStudio.ts";
import { UsePreprocess } from "../data/UsePreprocess.tsx";

/** What labels, or the sharpness of answers, say against the preprocessing: before any figure that is measured under it. */
export function PreprocessWarning() {
  const tried = useStudio(triedNow);
  const isOnPage = useStudio(({ view }) => view.step === "data");
  const finding = tried?.finding;
  if (isOnPage || !tried || !(finding?.better || finding?.shifted)) return null;
  return (
    <div className="preprocess-warning" data-testid="preprocess-warning">
      <p className="hint">{triedText(tried).join(" ")}</p>
      <UsePreprocess />
    </div>
  );
}
