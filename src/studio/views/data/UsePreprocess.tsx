import { adoptPreprocess, triedNow } from "../../state/preprocess.ts";
import { useStudio, useWork } from "../../state/useStudio.ts";

/** Takes the preprocessing that answers better, where there is one, with one press. */
export function UsePreprocess() {
  const better = useStudio((state) => triedNow(state)?.finding?.better);
  const busy = useWork((work) => work.job !== null);
  const preprocess = better?.preprocess;
  if (!preprocess) return null;
  return (
    <button
      type="button"
      className="button primary"
      disabled={busy}
      onClick={() => adoptPreprocess(preprocess)}
      data-testid="use-preprocess"
    >
      Use {better.preset ?? "the better one"} instead
    </button>
  );
}
