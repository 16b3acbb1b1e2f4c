import { Hint } from "../../parts/Term.tsx";
import {
  executionText,
  executorText,
  fallbacks,
  gpuObstacle,
  PROVIDER_NAMES,
  placeText,
} from "../../state/execution.ts";
import { useHost, useProject, useView } from "../../state/useStudio.ts";

/** Where the samples of the calibration ran, or will run, and why not where they were to. */
export function Device() {
  const calibration = useProject((project) => project.calibration);
  const execution = useView((view) => view.execution);
  const ran = calibration?.executors ?? [];
  const reasons = fallbacks(calibration).map(({ message }) => message);
  const onGpu = ran.some(({ provider }) => provider === "webgpu");
  const wanted = onGpu || execution.provider === "webgpu";
  const places = [...new Set(ran.map(placeText))];
  const text = places.length > 0 ? places.join(" + ") : planned(execution.provider);
  const without = useHost((host) => host.without);
  const how =
    ran.length > 0
      ? `Calibrated on ${ran.map(executorText).join("; ")}.`
      : `Not calibrated yet; how it will run: ${executionText(execution)}.`;
  const obstacle = gpuObstacle();
  const noGpu = obstacle ? `WASM alone: ${obstacle}.` : "";
  return (
    <Hint text={[how, ...reasons, noGpu, without ?? ""].join(" ").trim()}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: its hint is read by keyboard */}
      <span className="badge" data-testid="device" tabIndex={0}>
        {text}
        {wanted && reasons.length > 0 ? (
          <span className="badge-warning"> ({onGpu ? "WebGPU gave up" : "not WebGPU"})</span>
        ) : null}
        {without ? <span className="badge-warning"> (page is not isolated)</span> : null}
      </span>
    </Hint>
  );
}

function planned(provider: keyof typeof PROVIDER_NAMES | null): string {
  if (provider) return PROVIDER_NAMES[provider];
  return navigator.gpu ? "WebGPU or WASM" : PROVIDER_NAMES.wasm;
}
