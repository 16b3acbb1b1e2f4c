import { type FormEvent, useState } from "react";
import type { InputSource, SampleTensor } from "../../../engine/model/dataset.ts";
import type { Port } from "../../../engine/model/tensor.ts";
import { dimsText } from "../../../engine/values/dims.ts";
import { lackText, readHeld, sourceText, valuesText } from "../../inputs.ts";
import { FileButton } from "../../parts/FileButton.tsx";
import { giveInput, holdInput } from "../../state/model.ts";
import { actions } from "../../state/store.ts";
import { useProject, useWork } from "../../state/useStudio.ts";
import "./InputSources.css";

/** Where each of several inputs gets its values, those of the sample in view, and ways to give it others. */
export function InputSources({ tensors }: { readonly tensors: readonly SampleTensor[] }) {
  const model = useProject((project) => project.model);
  const data = useProject((project) => project.data);
  const offered = useProject((project) => project.offered);
  if (!model) return null;
  const sources = offered?.sources ?? data?.summary.inputs ?? model.sources;
  const told = offered ? [] : tensors;
  const isTold = told.length > 0;
  return (
    <section className="input-sources" data-testid="input-sources">
      {offered ? <Offer files={offered.files.length} sources={sources} /> : null}
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Input</th>
            <th scope="col">Gets</th>
            {isTold ? <th scope="col">In this sample</th> : null}
          </tr>
        </thead>
        <tbody>
          {model.plan.inputs.map((port) => {
            const source = sources.find(({ name }) => name === port.name);
            const tensor = told.find(({ name }) => name === port.name) ?? null;
            return source ? <Row key={port.name} {...{ port, source, tensor }} /> : null;
          })}
        </tbody>
      </table>
    </section>
  );
}

function Offer({ files, sources }: { readonly files: number; readonly sources: readonly InputSource[] }) {
  const busy = useWork((work) => work.job !== null);
  const lacks = sources.some(({ from }) => from === "nothing");
  return (
    <div className="form-row">
      <p className="hint" role="status" data-testid="inputs-lacking">
        {lacks ? `${lackText(sources)}. ` : null}
        {files === 1 ? "The file given so far is kept" : `The ${files} files given so far are kept`} and used once all
        is there; what names no input goes to the one that is left.
      </p>
      <button type="button" className="button" disabled={busy} onClick={actions.offerDropped}>
        Leave {files === 1 ? "it" : "them"} out
      </button>
    </div>
  );
}

interface RowProps {
  readonly port: Port;
  readonly source: InputSource;
  readonly tensor: SampleTensor | null;
}

function Row({ port: { name, type, dims }, source, tensor }: RowProps) {
  const [changes, setChanges] = useState(false);
  const missing = source.from === "nothing";
  return (
    <tr data-testid="input-source" data-input={name}>
      <th scope="row">
        <span className="input-name">{name}</span>
        <span className="muted">
          {type} {dimsText(dims)}
        </span>
      </th>
      <td>
        <span className={missing ? "hint" : undefined}>{sourceText(source)}</span>{" "}
        {missing ? null : (
          <button
            type="button"
            className="link"
            aria-expanded={changes}
            aria-label={`Change what ${name} gets`}
            onClick={() => setChanges(!changes)}
          >
            change
          </button>
        )}
        {missing || changes ? <Ways name={name} source={source} onDone={() => setChanges(false)} /> : null}
      </td>
      {tensor ? (
        <td>
          <span className="muted">{dimsText(tensor.dims)}</span>
          <span className="input-values" data-testid="input-values">
            {valuesText(tensor)}
          </span>
        </td>
      ) : null}
    </tr>
  );
}

function Ways({ name, source, onDone }: Omit<RowProps, "port" | "tensor"> & { name: string; onDone: () => void }) {
  const busy = useWork((work) => work.job !== null);
  const isHeld = source.from === "held";
  const [text, setText] = useState(isHeld ? String(source.value) : "0");
  const value = readHeld(text);
  const hold = async (wanted: number | null) => {
    onDone();
    await holdInput(name, wanted);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (value !== null) void hold(value);
  };
  return (
    <div className="input-ways">
      {isHeld ? (
        <button type="button" className="button" disabled={busy} onClick={() => hold(null)}>
          Feed<span className="visually-hidden"> {name}</span> from data
        </button>
      ) : (
        <>
          <FileButton multiple onFiles={(files) => giveInput(name, files)} disabled={busy} testId={`files-for-${name}`}>
            Choose files<span className="visually-hidden"> for {name}</span>
          </FileButton>
          <FileButton folder onFiles={(files) => giveInput(name, files)} disabled={busy}>
            or a folder<span className="visually-hidden"> for {name}</span>
          </FileButton>
        </>
      )}
      <form onSubmit={submit}>
        <button type="submit" className="button" disabled={busy || value === null}>
          Hold<span className="visually-hidden"> {name}</span> at
        </button>
        <input
          className="input number"
          inputMode="decimal"
          aria-label={`Hold ${name} at`}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </form>
    </div>
  );
}
