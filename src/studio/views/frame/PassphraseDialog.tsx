import { Dialog } from "radix-ui";
import { type FormEvent, useId, useState } from "react";
import { PassphraseField } from "../../parts/PassphraseField.tsx";
import { answerPassphrase } from "../../state/sealed.ts";
import type { LockedFile } from "../../state/slices/view.ts";

const leave = () => answerPassphrase(null);

/** Asks for the passphrase of an encrypted file until one opens it, or it is left as it is. */
export default function PassphraseDialog({ path, isWrong, isBusy }: LockedFile) {
  const [passphrase, setPassphrase] = useState("");
  const said = useId();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (passphrase !== "" && !isBusy) answerPassphrase(passphrase);
  };
  return (
    <Dialog.Root open onOpenChange={leave}>
      <Dialog.Portal>
        <Dialog.Overlay className="dialog-veil" />
        <Dialog.Content className="dialog small" data-testid="passphrase-dialog">
          <Dialog.Title>Encrypted file</Dialog.Title>
          <form className="dialog-text" onSubmit={submit}>
            <Dialog.Description>{path} is encrypted. Its passphrase opens it here and is not kept.</Dialog.Description>
            <PassphraseField
              label="Passphrase"
              autoComplete="off"
              value={passphrase}
              aria-invalid={isWrong}
              aria-describedby={said}
              data-testid="passphrase"
              onType={setPassphrase}
            />
            <p id={said} role="status" className={isWrong ? "hint" : "muted"} data-testid="passphrase-said">
              {isBusy
                ? `Opening ${path}, which takes some seconds...`
                : isWrong
                  ? "This passphrase does not open it: try again, or leave it encrypted."
                  : "Cancel leaves it encrypted; what is open stays as it is."}
            </p>
            <div className="dialog-ways">
              <Dialog.Close asChild>
                <button type="button" className="button">
                  Cancel
                </button>
              </Dialog.Close>
              <button type="submit" className="button primary" disabled={isBusy || passphrase === ""}>
                Open
              </button>
            </div>
          </form>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
