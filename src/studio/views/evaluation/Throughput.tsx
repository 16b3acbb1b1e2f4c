import type { Evaluation } from "../../../engine/model/evaluation.ts";
import { count, significant } from "../../../engine/values/figures.ts";
import { change } from "../../../engine/values/shares.ts";

/** Samples a second, by how many are run at a time. */
export function Throughput({ throughput }: { readonly throughput: NonNullable<Evaluation["throughput"]> }) {
  const last = throughput.at(-1);
  if (!last) return null;
  return (
    <details data-testid="throughput">
      <summary>{`By batch: ${significant(last.quantized)} samples a second, ${count(last.batch)} at a time`}</summary>
      <table className="table figures">
        <caption>Samples a second, by how many are run at a time</caption>
        <thead>
          <tr>
            <th scope="col">Batch</th>
            {["float", "quantized", "change"].map((head) => (
              <th key={head} scope="col" className="number">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {throughput.map(({ batch, float, quantized }) => (
            <tr key={batch}>
              <th scope="row">{count(batch)}</th>
              <td className="number">{significant(float)}</td>
              <td className="number">{significant(quantized)}</td>
              <td className="number">{change(float, quantized)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
