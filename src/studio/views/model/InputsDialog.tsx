import { Dialog } from "radix-ui";
import { useState } from "react";
import { draftOf, isDynamic, readInputs } from "../../inputs.ts";
import type { InputsQuestion } from "../../state/slices/work.ts";
import { useWork } from "../../state/useStudio.ts";
import { InputsFields } from "./InputsFields.tsx";

/** Asks, before a model of several inputs is opened, what they get. */
export default function InputsDialog() {
  const question = useWork((work) => work.question);
  return question ? <Question key={question.model} question={question} /> : null;
}

function Question({ question }: { readonly question: InputsQuestion }) {
  const { model, ports, answer } = question;
  const [draft, setDraft] = useState(() => draftOf(ports, { shapes: {}, values: {} }));
  const inputs = readInputs(ports, draft);
  return (
    <Dialog.Root open onOpenChange={(open) => !open && answer(null)}>
      <Dialog.Portal>
        <Dialog.Overlay className="dialog-veil" />
        <Dialog.Content className="dialog" data-testid="inputs-dialog">
          <Dialog.Title>
            {model} has {ports.length} inputs
          </Dialog.Title>
          <form
            className="dialog-text"
            id="inputs-form"
            onSubmit={(event) => {
              event.preventDefault();
              if (typeof inputs !== "string") answer(inputs);
            }}
          >
            <Dialog.Description>
              Samples feed one of them; every other is filled with one value
              {ports.some(isDynamic) ? ". A dimension left open is 1, or what the samples have" : ""}.
            </Dialog.Description>
            <InputsFields ports={ports} draft={draft} onChange={setDraft} />
            {typeof inputs === "string" ? <p className="failure">{inputs}</p> : null}
          </form>
          <div className="dialog-ways">
            <button type="button" className="button" onClick={() => answer(null)}>
              Do not open
            </button>
            <button
              type="submit"
              form="inputs-form"
              className="button primary"
              disabled={typeof inputs === "string"}
              data-testid="inputs-open"
            >
              Open
            </button>
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
