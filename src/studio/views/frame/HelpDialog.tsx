import { Dialog } from "radix-ui";
import { tryBitDepths } from "../../explain/door.ts";
import { KEYS } from "../../keys.ts";
import { useProject, useWork } from "../../state/useStudio.ts";
import { startTour } from "../../tour/start.ts";
import { isSample } from "../../tour/state.ts";
import { WORDS } from "../../words.ts";

interface Props {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
}

/** The keys, and the words of the field. */
export function HelpDialog({ open, onOpenChange }: Props) {
  const sample = useProject(isSample);
  const busy = useWork((work) => work.job !== null);
  const go = (where: () => unknown) => {
    onOpenChange(false);
    where();
  };
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Overlay className="dialog-veil" />
        <Dialog.Content className="dialog" aria-describedby={undefined} data-testid="help">
          <Dialog.Title>Keys and words</Dialog.Title>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the text scrolls by keyboard */}
          <section className="dialog-text" tabIndex={0} aria-label="Keys and words">
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
          </section>
          <div className="dialog-ways">
            <button type="button" className="button" onClick={() => go(tryBitDepths)}>
              Try bit depths
            </button>
            <button type="button" className="button" disabled={busy} onClick={() => go(startTour)}>
              {sample ? "Take the tour" : "Take the tour of the sample project"}
            </button>
            <Dialog.Close asChild>
              <button type="button" className="button">
                Close
              </button>
            </Dialog.Close>
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
