import { useId } from "react";
import { PassphraseField } from "../../parts/PassphraseField.tsx";
import { isReady } from "../../state/encryption.ts";
import type { Encryption } from "../../state/slices/view.ts";
import { actions } from "../../state/store.ts";
import { useView } from "../../state/useStudio.ts";
import "./EncryptionForm.css";

const NOTHING: Encryption = { passphrase: "", again: "" };

/** Whether what is exported is encrypted, and with what. */
export function EncryptionForm({ disabled }: { readonly disabled: boolean }) {
  const encryption = useView((view) => view.encryption);
  const said = useId();
  const change = (part: Partial<Encryption>) => actions.encryptionChanged({ ...NOTHING, ...encryption, ...part });
  return (
    <fieldset className="form encryption" disabled={disabled} data-testid="encryption">
      <legend>Encryption</legend>
      <label className="check">
        <input
          type="checkbox"
          checked={encryption !== null}
          onChange={({ target }) => actions.encryptionChanged(target.checked ? NOTHING : null)}
          data-testid="encrypt"
        />
        Encrypt calibration, recipe and report with a passphrase
      </label>
      {encryption ? (
        <>
          <PassphraseField
            label="Passphrase"
            autoComplete="new-password"
            value={encryption.passphrase}
            aria-describedby={said}
            onType={(passphrase) => change({ passphrase })}
          />
          <PassphraseField
            label="Once more"
            autoComplete="new-password"
            value={encryption.again}
            aria-describedby={said}
            onType={(again) => change({ again })}
          />
          <p id={said} role="status" className="muted" data-testid="encryption-said">
            {isReady(encryption)
              ? "Models stay readable, with their scales. The passphrase is kept nowhere: without it nobody opens the other files. Each takes some seconds."
              : encryption.again === ""
                ? "Type a passphrase twice: four or five random words."
                : "The two are not the same."}
          </p>
        </>
      ) : null}
    </fieldset>
  );
}
