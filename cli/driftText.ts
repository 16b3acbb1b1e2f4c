import { type Drift, mostMoved, type TensorDrift } from "../src/engine/model/drift.ts";
import { plural, significant } from "../src/engine/values/figures.ts";
import { percent } from "../src/engine/values/shares.ts";
import { table } from "./format.ts";

const LISTED = 10;

/** New data beside a calibration for a person: the verdict, and the tensors that have moved most. */
export function describeDrift({ verdict, reason, samples, tensors }: Drift): string[] {
  const skipped = samples.skipped > 0 ? ` (${samples.skipped} skipped)` : "";
  return [
    `${verdict}: ${reason}`,
    `${plural(samples.seen, "new sample")}${skipped} beside ${samples.calibrated} that calibrated; ${plural(tensors.length, "tensor")}, those that have moved most:`,
    ...table([
      ["tensor", "KL", "clipped before", "now", "beyond the range before", "now"],
      ...mostMoved(tensors, LISTED).map(row),
    ]),
  ];
}

function row({ tensor, kl, clipped, overrun }: TensorDrift): string[] {
  return [
    tensor,
    `${significant(kl)} nat`,
    percent(clipped.calibrated),
    percent(clipped.seen),
    percent(overrun.calibrated),
    percent(overrun.seen),
  ];
}
