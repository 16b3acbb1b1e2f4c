import { useState } from "react";
import type { Recipe } from "../../../engine/model/recipe.ts";
import { own } from "../../../engine/model/record.ts";
import type { Port } from "../../../engine/model/tensor.ts";
import { dimsText } from "../../../engine/values/dims.ts";
import { draftOf, isDynamic, readShapes } from "../../inputs.ts";
import { reopenModel } from "../../state/model.ts";
import { useProject, useWork } from "../../state/useStudio.ts";
import "./Inputs.css";

/** Settles the sizes anew that the file of the open model leaves open. */
export function InputsForm() {
  const ports = useProject((project) => project.model?.summary.inputs);
  const inputs = useProject((project) => project.recipe?.present.inputs);
  if (!ports || !inputs) return null;
  const open = ports
    .filter((port) => isDynamic(port) || own(inputs.shapes, port.name))
    .map((port) => (own(inputs.shapes, port.name) ? { ...port, dims: port.dims.map(() => null) } : port));
  return open.length > 0 ? <Form key={JSON.stringify(inputs)} ports={open} inputs={inputs} /> : null;
}

function Form({ ports, inputs }: { readonly ports: readonly Port[]; readonly inputs: Recipe["inputs"] }) {
  const busy = useWork((work) => work.job !== null);
  const [draft, setDraft] = useState(() => draftOf(ports, inputs.shapes));
  const shapes = readShapes(ports, draft);
  const changed = JSON.stringify(shapes) !== JSON.stringify(readShapes(ports, draftOf(ports, inputs.shapes)));
  return (
    <form
      className="inputs-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (typeof shapes !== "string") reopenModel({ ...inputs, shapes });
      }}
    >
      <table className="table inputs">
        <thead>
          <tr>
            <th scope="col">Input</th>
            <th scope="col">Shape</th>
          </tr>
        </thead>
        <tbody>
          {ports.map(({ name, type, dims }) => (
            <tr key={name}>
              <th scope="row">
                {name} <span className="muted">{type}</span>
              </th>
              <td>
                <input
                  className="input"
                  aria-label={`Shape of ${name}`}
                  placeholder={dimsText(dims)}
                  value={own(draft, name)}
                  onChange={(event) => setDraft({ ...draft, [name]: event.target.value })}
                />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {typeof shapes === "string" ? <p className="failure">{shapes}</p> : null}
      <button type="submit" className="button" disabled={busy || !changed || typeof shapes === "string"}>
        Open again with these
      </button>
    </form>
  );
}
