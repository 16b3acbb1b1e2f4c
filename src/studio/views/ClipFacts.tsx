import type { ClipFigures } from "../../engine/model/range.ts";
import { decibel, percent, significant } from "../format.ts";
import { Facts } from "../parts/Facts.tsx";
import { Term } from "../parts/Term.tsx";

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
            label: <Term word="scale" />,
            value: show((shown) => significant(shown.scale)),
            testId: "figure-scale",
          },
          {
            key: "zero point",
            label: <Term word="zero point" />,
            value: show((shown) => String(shown.zeroPoint)),
            testId: "figure-zero-point",
          },
          {
            key: "clipped",
            label: <Term word="clipped" />,
            value: show((shown) => percent(shown.clipped)),
            testId: "figure-clipped",
          },
          {
            key: "MSE",
            label: <Term word="MSE" />,
            value: show((shown) => significant(shown.mse)),
            testId: "figure-mse",
          },
          {
            key: "SQNR",
            label: <Term word="SQNR" />,
            value: show((shown) => decibel(shown.sqnr)),
            testId: "figure-sqnr",
          },
          {
            key: "effective bits",
            label: <Term word="effective bits" />,
            value: show((shown) => significant(shown.effectiveBits)),
            testId: "figure-bits",
          },
        ]}
      />
      <span className="estimated">estimated</span>
    </div>
  );
}
