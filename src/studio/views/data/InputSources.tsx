import { type FormEvent, useState } from "react";
import type { InputSource, SampleTensor } from "../../../engine/model/dataset.ts";
import type { Port } from "../../../engine/model/tensor.ts";
import { dimsText } from "../../../engine/values/dims.ts";
import { lackText, likelyStates, readHeld, type StateOffer, sourceText, stateOffer, valuesText } from "../../inputs.ts";
import { FileButton } from "../../parts/FileButton.tsx";
import { feedInputs, freeInput, giveInput, holdInput } from "../../state/model.ts";
import { actions } from "../../state/store.ts";
import { useProject, useWork } from "../../state/useStudio.ts";
import "./InputSources.css";

/** Where each of several inputs gets its values, those of the sample in view, and ways to give it others. */
export function InputSources({ tensors }: { readonly tensors: readonly SampleTensor[] }) {
  const model = useProject((project) => project.model);
  const data = useProject((project) => project.data);
  const offered = useProject((project) => project.offered);
  const state = useProject((project) => project.recipe?.present.inputs.state);
  if (!model || !state) return null;
  const { inputs, outputs } = model.plan;
  const sources = offered?.sources ?? data?.summary.inputs ?? model.sources;
  const told = offered ? [] : tensors;
  const isTold = told.length > 0;
  return (
    <section className="input-sources" data-testid="input-sources">
      {offered ? <Offer files={offered.files.length} sources={sources} /> : null}
      <LikelyStates states={likelyStates(inputs, outputs, sources, state)} />
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Input</th>
            <th scope="col">Gets</th>
            {isTold ? <th scope="col">In this sample</th> : null}
          </tr>
        </thead>
        <tbody>
          {inputs.map((port) => {
            const source = sources.find(({ name }) => name === port.name);
            const tensor = told.find(({ name }) => name === port.name) ?? null;
            const offer = stateOffer(port, outputs, state);
            return source ? <Row key={port.name} {...{ port, source, tensor, offer }} /> : null;
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

/** Feeds all at once that are called like states, where that is more than one press in its row. */
function LikelyStates({ states }: { readonly states: ReadonlyMap<string, string> }) {
  const busy = useWork((work) => work.job !== null);
  const [first] = states;
  if (!first || states.size < 2) return null;
  return (
    <div className="form-row" data-testid="likely-states">
      <p className="form-note">
        {states.size} inputs are called like a state, such as {first[0]}, which {first[1]} would be at the next step.
      </p>
      <button type="button" className="button" disabled={busy} onClick={() => feedInputs(states)}>
        Feed all {states.size} from the step before
      </button>
    </div>
  );
}

interface RowProps {
  readonly port: Port;
  readonly source: InputSource;
  readonly tensor: SampleTensor | null;
  readonly offer: StateOffer;
}

function Row({ port: { name, type, dims }, source, tensor, offer }: RowProps) {
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
        {missing || changes ? <Ways {...{ name, source, offer }} onDone={() => setChanges(false)} /> : null}
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

interface WaysProps extends Pick<RowProps, "source" | "offer"> {
  readonly name: string;
  readonly onDone: () => void;
}

function Ways({ name, source, offer, onDone }: WaysProps) {
  const busy = useWork((work) => work.job !== null);
  const isHeld = source.from === "held";
  const [text, setText] = useState(isHeld ? String(source.value) : "0");
  const value = readHeld(text);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (value === null) return;
    onDone();
    void holdInput(name, value);
  };
  const free = () => {
    onDone();
    void freeInput(name);
  };
  return (
    <div className="input-ways">
      {isHeld || source.from === "state" ? (
        <button type="button" className="button" disabled={busy} onClick={free}>
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
      {source.from === "state" || offer.outputs.length === 0 ? null : <Feed {...{ name, offer, onDone }} />}
    </div>
  );
}

/** Feeds an input from an output of the step before, so that samples are the steps of sequences. */
function Feed({ name, offer: { outputs }, onDone }: Omit<WaysProps, "source">) {
  const busy = useWork((work) => work.job !== null);
  const [chosen, setChosen] = useState<string | null>(null);
  const output = outputs.find((each) => each === chosen) ?? outputs[0]!;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onDone();
    void feedInputs(new Map([[name, output]]));
  };
  return (
    <form onSubmit={submit}>
      <button type="submit" className="button" disabled={busy}>
        Feed<span className="visually-hidden"> {name}</span> from output{outputs.length === 1 ? ` ${output}` : null}
      </button>
      {outputs.length > 1 ? (
        <select
          className="input select"
          aria-label={`Output of the step before that feeds ${name}`}
          value={output}
          onChange={(event) => setChosen(event.target.value)}
        >
          {outputs.map((each) => (
            <option key={each} value={each}>
              {each}
            </option>
          ))}
        </select>
      ) : null}
      <span className="muted">a step before</span>
    </form>
  );
}
