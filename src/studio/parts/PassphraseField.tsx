import type { ComponentProps } from "react";

interface PassphraseFieldProps extends Omit<ComponentProps<"input">, "type" | "onChange"> {
  readonly label: string;
  readonly autoComplete: "off" | "new-password";
  readonly value: string;
  /** Id of what is said of it. */
  readonly "aria-describedby": string;
  readonly onType: (value: string) => void;
}

/** A field whose characters are hidden. */
export function PassphraseField({ label, onType, ...input }: PassphraseFieldProps) {
  return (
    <label className="field">
      <span className="field-label">{label}</span>
      <input {...input} className="input" type="password" onChange={({ target }) => onType(target.value)} />
    </label>
  );
}
