import { commonReasonText } from "../../../engine/model/reason.ts";
import type { ModelSummary } from "../../../engine/model/summary.ts";
import { dimsText } from "../../../engine/values/dims.ts";
import { count } from "../../../engine/values/figures.ts";
import { byteSize } from "../../../engine/values/units.ts";
import { Facts } from "../../parts/Facts.tsx";
import { Notices } from "../../parts/Notices.tsx";
import { Term } from "../../parts/Term.tsx";
import { useProject } from "../../state/useStudio.ts";
import { InputsForm } from "./InputsForm.tsx";
import { QuantizedForm } from "./QuantizedForm.tsx";

/** What the file holds, what preparing did, and what will be quantized and what not, and why. */
export function ModelStep() {
  const plan = useProject((project) => project.model?.plan);
  if (!plan) return null;
  const stored = plan.layers.filter((layer) => layer.precision !== "float32").length;
  const quantized = stored - plan.floatKernels.length;
  return (
    <>
      <h2>Model</h2>
      <Facts
        wide
        facts={[
          { key: "Layers", value: count(plan.layers.length), testId: "model-layers" },
          { key: "Quantized", value: `${count(quantized)} of ${count(plan.layers.length)}`, testId: "model-quantized" },
          ...(plan.floatKernels.length > 0
            ? [
                {
                  key: plan.elsewhere === undefined ? "Stored in fewer bits only" : "In bfloat16",
                  value: `${count(plan.floatKernels.length)}, ${plan.elsewhere === undefined ? "computed in float" : `computed so by ${plan.elsewhere}, not run here`}`,
                  testId: "model-stored",
                },
              ]
            : []),
          { key: "Parameters", value: count(plan.parameters), testId: "model-parameters" },
          { key: "Size", value: byteSize(plan.bytes) },
          { key: "opset", label: <Term word="opset">Opset</Term>, value: plan.opset },
          { key: "IR", label: "IR version", value: plan.irVersion },
          { key: "Producer", value: plan.producer || "not named" },
        ]}
      />
      {stored === 0 ? (
        <p className="hint" data-testid="nothing-to-quantize">
          Nothing to quantize: every layer of this model stays in float, for the reasons below.
        </p>
      ) : null}
      <Notices notices={plan.notices} label="Notices about the model" />
      <div className="columns">
        <section>
          <h3>Inputs and outputs</h3>
          <table className="table ports">
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Type</th>
                <th scope="col">Shape</th>
              </tr>
            </thead>
            <tbody>
              {[
                ...plan.inputs.map((port) => ({ port, way: "in" })),
                ...plan.outputs.map((port) => ({ port, way: "out" })),
              ].map(({ port, way }) => (
                <tr key={`${way} ${port.name}`}>
                  <td>
                    <span className="muted">{way}</span> {port.name}
                  </td>
                  <td>{port.type}</td>
                  <td>{dimsText(port.dims)}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <InputsForm />
          <QuantizedForm />
        </section>
        <section>
          <h3>Prepared</h3>
          {plan.preparation.length > 0 ? (
            <ul className="plain">
              {plan.preparation.map((line) => (
                <li key={line}>{line}</li>
              ))}
            </ul>
          ) : (
            <p className="muted">Nothing had to be folded: the graph is taken as it is.</p>
          )}
        </section>
      </div>
      <h3>Operators</h3>
      <Operators plan={plan} />
    </>
  );
}

function Operators({ plan }: { readonly plan: ModelSummary }) {
  const reasons = new Map<string, Map<string, number>>();
  for (const layer of plan.layers) {
    if (!layer.reason) continue;
    const counts = reasons.get(layer.operator) ?? new Map<string, number>();
    const reason = commonReasonText(layer.reason);
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
    reasons.set(layer.operator, counts);
  }
  return (
    <table className="table" data-testid="operators">
      <thead>
        <tr>
          <th scope="col">Operator</th>
          <th scope="col" className="number">
            Count
          </th>
          <th scope="col" className="number">
            Quantized
          </th>
          <th scope="col">Why the others stay in float</th>
        </tr>
      </thead>
      <tbody>
        {plan.operators.map((operator) => (
          <tr key={operator.type}>
            <td>{operator.type}</td>
            <td className="number">{count(operator.count)}</td>
            <td className="number">{count(operator.quantized)}</td>
            <td className="muted">
              {[...(reasons.get(operator.type) ?? [])]
                .map(([reason, times]) => (times > 1 ? `${reason} (${times})` : reason))
                .join("; ")}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
