import { adoptPreprocess, triedNow, triedText, tryPreprocesses } from "../../state/preprocess.ts";
import { useStudio, useWork } from "../../state/useStudio.ts";

/** Tries other preprocessings on the float model, and offers one that answers better. */
export function PreprocessOffer() {
  const tried = useStudio(triedNow);
  const busy = useWork((work) => work.job !== null);
  const better = tried?.finding?.better;
  const preprocess = better?.preprocess;
  return (
    <div className="form-row">
      <button type="button" className="button" disabled={busy} onClick={tryPreprocesses} data-testid="try-preprocesses">
        Compare with other preprocessings
      </button>
      {preprocess ? (
        <button
          type="button"
          className="button primary"
          disabled={busy}
          onClick={() => adoptPreprocess(preprocess)}
          data-testid="use-preprocess"
        >
          Use {better.preset ?? "the better one"}
        </button>
      ) : null}
      {tried ? (
        <p className="form-note" role="status" data-testid="tried-preprocesses">
          {triedText(tried).join(" ")}
        </p>
      ) : null}
    </div>
  );
}
