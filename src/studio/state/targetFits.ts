import type { TargetFit } from "../../engine/model/targetFit.ts";
import { inquire } from "./workers.ts";

/** How the open model fits every target; none where that cannot be worked out, which is told. */
export async function targetFits(): Promise<readonly TargetFit[]> {
  return (await inquire("Looking at targets", (api) => api.targets())) ?? [];
}
