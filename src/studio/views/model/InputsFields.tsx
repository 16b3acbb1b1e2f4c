import { own } from "../../../engine/model/record.ts";
import type { Port } from "../../../engine/model/tensor.ts";
import { dimsText } from "../../../engine/values/dims.ts";
import { type InputsDraft, isDynamic } from "../../inputs.ts";
import "./Inputs.css";

interface Props {
  readonly ports: readonly Port[];
  readonly draft: InputsDraft;
  readonly onChange: (draft: InputsDraft) => void;
}

/** Which input data feeds, what the others are held at, and sizes for dimensions that the file leaves open. */
export function InputsFields({ ports, draft, onChange }: Props) {
  const several = ports.length > 1;
  return (
    <table className="table inputs">
      <thead>
        <tr>
          <th scope="col">Input</th>
          {several ? (
            <>
              <th scope="col">Data</th>
              <th scope="col">Held at</th>
            </>
          ) : null}
          <th scope="col">Shape</th>
        </tr>
      </thead>
      <tbody>
        {ports.map((port) => {
          const { name } = port;
          const fed = name === draft.data;
          const change = (kind: "shapes" | "values", text: string) =>
            onChange({ ...draft, [kind]: { ...draft[kind], [name]: text } });
          return (
            <tr key={name}>
              <th scope="row">
                {name} <span className="muted">{port.type}</span>
              </th>
              {several ? (
                <>
                  <td>
                    <input
                      type="radio"
                      name="data-input"
                      aria-label={`Data feeds ${name}`}
                      checked={fed}
                      onChange={() => onChange({ ...draft, data: name })}
                    />
                  </td>
                  <td>
                    <input
                      className="input number"
                      inputMode="decimal"
                      aria-label={`Hold ${name} at`}
                      value={fed ? "" : own(draft.values, name)}
                      disabled={fed}
                      onChange={(event) => change("values", event.target.value)}
                    />
                  </td>
                </>
              ) : null}
              <td>
                {isDynamic(port) ? (
                  <input
                    className="input"
                    aria-label={`Shape of ${name}`}
                    placeholder={dimsText(port.dims)}
                    value={own(draft.shapes, name)}
                    onChange={(event) => change("shapes", event.target.value)}
                  />
                ) : (
                  dimsText(port.dims)
                )}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
