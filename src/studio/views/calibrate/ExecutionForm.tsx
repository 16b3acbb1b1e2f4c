import { sharesMemory } from "../../../../workers/client.ts";
import { Choice } from "../../parts/Choice.tsx";
import { Term } from "../../parts/Term.tsx";
import { changeExecution } from "../../state/calibrate.ts";
import { executionText, gpuObstacle } from "../../state/execution.ts";
import { useView, useWork } from "../../state/useStudio.ts";

const MOST = 8;
const BATCHES = [1, 2, 4, 8, 16, 32];

type Place = "auto" | "wasm" | "webgpu";

/** How samples are run; what is left open, a short trial decides. This browser remembers it. */
export function ExecutionForm() {
  const execution = useView((view) => view.execution);
  const busy = useWork((work) => work.job !== null);
  const { provider, workers, threads, batch } = execution;
  const obstacle = gpuObstacle();
  const cores = Math.min(navigator.hardwareConcurrency || 1, MOST);
  const counts = (most: number, chosen: number | null) =>
    [...new Set([...Array.from({ length: most }, (_, index) => index + 1), ...(chosen ? [chosen] : [])])].sort(
      (a, b) => a - b,
    );
  return (
    <details className="fold execution" data-testid="execution">
      <summary>
        How it runs <span className="muted">{executionText(execution)}</span>
      </summary>
      <div className="form-row">
        <Choice<Place>
          label={<Term word="WebGPU">Runs on</Term>}
          value={provider === "wasm" || provider === "webgpu" ? provider : "auto"}
          disabled={busy}
          options={[
            { value: "auto", text: "auto" },
            { value: "webgpu", text: obstacle ? `WebGPU: ${obstacle}` : "WebGPU", disabled: obstacle !== null },
            { value: "wasm", text: "WASM" },
          ]}
          onChoose={(place) => changeExecution({ provider: place === "auto" ? null : place })}
          testId="provider"
        />
        <Count
          word="worker"
          label="Workers"
          value={workers}
          disabled={busy}
          counts={counts(cores, workers)}
          onChoose={(count) => changeExecution({ workers: count })}
          testId="workers"
        />
        <Count
          label="Threads"
          value={threads}
          disabled={busy || !sharesMemory()}
          counts={counts(cores, threads)}
          onChoose={(count) => changeExecution({ threads: count })}
          testId="threads"
        />
        <Count
          label="Batch"
          value={batch}
          disabled={busy}
          counts={BATCHES}
          onChoose={(count) => changeExecution({ batch: count })}
          testId="batch"
        />
      </div>
    </details>
  );
}

interface CountProps {
  readonly label: string;
  readonly word?: "worker";
  readonly value: number | null;
  readonly counts: readonly number[];
  readonly disabled: boolean;
  readonly onChoose: (count: number | null) => void;
  readonly testId: string;
}

function Count({ label, word, value, counts, disabled, onChoose, testId }: CountProps) {
  return (
    <Choice
      label={word ? <Term word={word}>{label}</Term> : label}
      value={value === null ? "auto" : String(value)}
      disabled={disabled}
      options={[
        { value: "auto", text: "auto" },
        ...counts.map((count) => ({ value: String(count), text: String(count) })),
      ]}
      onChoose={(choice) => onChoose(choice === "auto" ? null : Number(choice))}
      testId={testId}
    />
  );
}
