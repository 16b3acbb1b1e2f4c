import type { ClipFigures } from "../../../../engine/model/range.ts";
import { count, significant } from "../../../../engine/values/figures.ts";
import { percent } from "../../../../engine/values/shares.ts";
import { decibel } from "../../../../engine/values/units.ts";
import { tryBitDepths } from "../../../explain/door.ts";
import { Facts } from "../../../parts/Facts.tsx";
import { Term } from "../../../parts/Term.tsx";

/** Made once, so that words are not drawn again at each move of a handle. */
const LABELS = {
  scale: <Term word="scale" />,
  "zero point": <Term word="zero point" />,
  clipped: <Term word="clipped" />,
  MSE: <Term word="MSE" />,
  SQNR: <Term word="SQNR" />,
  "effective bits": <Term word="effective bits" />,
};

/** What the clip range of the moment does to the values; all of it estimated from the histogram. */
export function ClipFacts({ figures }: { readonly figures: ClipFigures | null }) {
  const show = (text: (shown: ClipFigures) => string) => (figures ? text(figures) : "…");
  return (
    <div className="clip-facts" data-testid="clip-facts">
      <Facts
        wide
        facts={[
          {
            key: "scale",
            label: LABELS.scale,
            value: show((shown) => significant(shown.scale)),
            testId: "figure-scale",
          },
          {
            key: "zero point",
            label: LABELS["zero point"],
            value: show((shown) => count(shown.zeroPoint)),
            testId: "figure-zero-point",
          },
          {
            key: "clipped",
            label: LABELS.clipped,
            value: show((shown) => percent(shown.clipped)),
            testId: "figure-clipped",
          },
          {
            key: "MSE",
            label: LABELS.MSE,
            value: show((shown) => significant(shown.mse)),
            testId: "figure-mse",
          },
          {
            key: "SQNR",
            label: LABELS.SQNR,
            value: show((shown) => decibel(shown.sqnr)),
            testId: "figure-sqnr",
          },
          {
            key: "effective bits",
            label: LABELS["effective bits"],
            value: show((shown) => significant(shown.effectiveBits)),
            testId: "figure-bits",
          },
        ]}
      />
      <div className="clip-aside">
        <span className="estimated">estimated</span>
        <button type="button" className="button small" onClick={tryBitDepths}>
          Bit depth
        </button>
      </div>
    </div>
  );
}
