import { useState } from "react";
import type { Recipe } from "../../../engine/model/recipe.ts";
import { own } from "../../../engine/model/record.ts";
import type { Port } from "../../../engine/model/tensor.ts";
import { draftOf, isDynamic, readInputs } from "../../inputs.ts";
import { reopenModel } from "../../state/model.ts";
import { useProject, useWork } from "../../state/useStudio.ts";
import { InputsFields } from "./InputsFields.tsx";

/** Settles the inputs of the open model anew: sizes that the file leaves open, and what no sample feeds. */
export function InputsForm() {
  const ports = useProject((project) => project.model?.summary.inputs);
  const inputs = useProject((project) => project.recipe?.present.inputs);
  if (!ports || !inputs) return null;
  const unsettled = ports.length > 1 || ports.some((port) => isDynamic(port) || own(inputs.shapes, port.name));
  return unsettled ? <Form key={JSON.stringify(inputs)} ports={ports} inputs={inputs} /> : null;
}

function Form({ ports, inputs }: { readonly ports: readonly Port[]; readonly inputs: Recipe["inputs"] }) {
  const busy = useWork((work) => work.job !== null);
  const open = ports.map((port) =>
    own(inputs.shapes, port.name) ? { ...port, dims: port.dims.map(() => null) } : port,
  );
  const [draft, setDraft] = useState(() => draftOf(open, inputs));
  const wanted = readInputs(open, draft);
  const changed = JSON.stringify(wanted) !== JSON.stringify(readInputs(open, draftOf(open, inputs)));
  return (
    <form
      className="inputs-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (typeof wanted !== "string") reopenModel(wanted);
      }}
    >
      <InputsFields ports={open} draft={draft} onChange={setDraft} />
      {typeof wanted === "string" ? <p className="failure">{wanted}</p> : null}
      <button type="submit" className="button" disabled={busy || !changed || typeof wanted === "string"}>
        Open again with these
      </button>
    </form>
  );
}
