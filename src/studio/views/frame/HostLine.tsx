import { byteSize } from "../../../engine/values/units.ts";
import { lacks } from "../../host/lacks.ts";
import { useHost } from "../../state/useStudio.ts";

/** What this browser keeps of the studio, and what the page does without. */
export function HostLine() {
  const kept = useHost((host) => host.kept);
  const without = useHost((host) => host.without);
  const missing = lacks();
  return (
    <>
      {without ? <p className="start-without">{without}</p> : null}
      {missing.length > 0 ? (
        <p className="start-lacks" data-testid="lacks">
          This browser lacks, and Octet does without: {missing.join(", ")}.
        </p>
      ) : null}
      {kept === null ? null : (
        <p className="start-kept" data-testid="kept">
          Works without a network too: this browser keeps {byteSize(kept)} of Octet. What runs on WebGPU or learns
          rounding is kept when it is first used.
        </p>
      )}
    </>
  );
}
