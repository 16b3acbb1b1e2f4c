import { tryBitDepths } from "../../explain/door.ts";
import { KEYS } from "../../keys.ts";
import { TextDialog } from "../../parts/TextDialog.tsx";
import { useProject, useWork } from "../../state/useStudio.ts";
import { startTour } from "../../tour/start.ts";
import { isSample } from "../../tour/state.ts";
import { WORDS } from "../../words.ts";

/** The keys, and the words of the field. */
export function HelpDialog({ onClose }: { readonly onClose: () => void }) {
  const sample = useProject(isSample);
  const busy = useWork((work) => work.job !== null);
  const go = (where: () => unknown) => {
    onClose();
    where();
  };
  return (
    <TextDialog
      title="Keys and words"
      testId="help"
      screen="words"
      onClose={onClose}
      ways={
        <>
          <button type="button" className="button" onClick={() => go(tryBitDepths)}>
            Try bit depths
          </button>
          <button type="button" className="button" disabled={busy} onClick={() => go(startTour)}>
            {sample ? "Take the tour" : "Take the tour of the sample project"}
          </button>
        </>
      }
    >
      <h3>Keys</h3>
      <dl className="keys">
        {KEYS.map((key) => (
          <div key={key.keys}>
            <dt>
              {key.keys.split(" ").map((name) => (
                <kbd key={name}>{name}</kbd>
              ))}
            </dt>
            <dd>{key.does}</dd>
          </div>
        ))}
      </dl>
      <h3>Words</h3>
      <dl className="words">
        {Object.entries(WORDS).map(([word, text]) => (
          <div key={word}>
            <dt>{word}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </TextDialog>
  );
}
