import { startComparing } from "./comparing.ts";
import { startDiagnosis } from "./diagnosis.ts";
import { startProbes } from "./probe.ts";
import { startGains } from "./remedySteps.ts";

/** Has what is found of the open model in the background follow it. Returns how to stop that. */
export function startFollowing(): () => void {
  const stops = [startDiagnosis(), startProbes(), startGains(), startComparing()];
  return () => {
    for (const stop of stops) stop();
  };
}
