import { bandText, classText, type Evaluation, losingClasses } from "../../../engine/model/evaluation.ts";
import { count } from "../../../engine/values/figures.ts";
import { percent } from "../../../engine/values/shares.ts";

const WORST = 10;

/** Top-1 by how sure the float model is, and the classes that lose most. */
export function RightAnswers({ evaluation }: { readonly evaluation: Evaluation }) {
  const { byClass = [], byConfidence = [] } = evaluation;
  if (byClass.length === 0) return null;
  const losing = losingClasses(byClass);
  return (
    <details data-testid="right-answers">
      <summary>
        {`By class and confidence: ${losing.length > 0 ? `${count(losing.length)} of ${count(byClass.length)} classes lose samples` : "no class loses a sample"}`}
      </summary>
      {byConfidence.length > 0 ? (
        <table className="table figures">
          <caption>Right, by how sure the float model is</caption>
          <thead>
            <tr>
              <th scope="col">Samples</th>
              {["count", "float", "quantized", "same"].map((head) => (
                <th key={head} scope="col" className="number">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {byConfidence.map((band) => (
              <tr key={band.from}>
                <th scope="row">{bandText(band)}</th>
                <td className="number">{count(band.samples)}</td>
                <td className="number">{count(band.float)}</td>
                <td className="number">{count(band.quantized)}</td>
                <td className="number">{percent(band.same / band.samples)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : null}
      {losing.length > 0 ? (
        <table className="table figures">
          <caption>Classes that lose most; of few samples a lost one says little</caption>
          <thead>
            <tr>
              <th scope="col">Class</th>
              {["count", "float", "quantized"].map((head) => (
                <th key={head} scope="col" className="number">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {losing.slice(0, WORST).map((one) => (
              <tr key={one.class}>
                <th scope="row">{classText(one)}</th>
                <td className="number">{count(one.samples)}</td>
                <td className="number">{count(one.float)}</td>
                <td className="number">{count(one.quantized)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : null}
    </details>
  );
}
