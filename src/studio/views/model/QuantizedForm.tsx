import { Choice } from "../../parts/Choice.tsx";
import { reopenModel } from "../../state/model.ts";
import { useProject, useWork } from "../../state/useStudio.ts";

/** What becomes of the parts of the open model that are quantized already; nothing where there are none. */
export function QuantizedForm() {
  const inputs = useProject((project) => project.recipe?.present.inputs);
  const isPartly = useProject((project) =>
    project.model?.summary.notices.some(({ subject }) => subject === "quantized in part"),
  );
  const busy = useWork((work) => work.job !== null);
  if (!inputs || !isPartly) return null;
  const { quantized, ...others } = inputs;
  return (
    <Choice<"keep" | "fold">
      label="Quantized already"
      value={quantized ?? "keep"}
      options={[
        { value: "keep", text: "keep layers in integers" },
        { value: "fold", text: "fold all back to float32" },
      ]}
      disabled={busy}
      onChoose={(chosen) => void reopenModel(chosen === "fold" ? { ...others, quantized: chosen } : others)}
      testId="quantized-parts"
    />
  );
}
