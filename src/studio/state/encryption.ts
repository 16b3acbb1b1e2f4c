import { alarm } from "./log.ts";
import type { Encryption } from "./slices/view.ts";
import { actions, studio } from "./store.ts";

/** Whether a passphrase was typed, and the same twice. */
export function isReady({ passphrase, again }: Encryption): boolean {
  return passphrase !== "" && passphrase === again;
}

/** What exports are encrypted with, null for nothing; "missing" where that is chosen and no passphrase is typed, which is told. */
export function exportPassphrase(): { readonly passphrase: string | null } | "missing" {
  const { encryption } = studio.getState().view;
  if (encryption === null) return { passphrase: null };
  if (isReady(encryption)) return { passphrase: encryption.passphrase };
  actions.stepChosen("export");
  alarm("Files are to be encrypted, and no passphrase is typed, the same twice: type it here, or take the tick away.");
  return "missing";
}
