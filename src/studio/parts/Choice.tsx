import type { ReactNode } from "react";

interface Props<T extends string> {
  readonly label: ReactNode;
  readonly value: T;
  readonly options: readonly { readonly value: T; readonly text: string; readonly disabled?: boolean }[];
  readonly onChoose: (value: T) => void;
  readonly disabled?: boolean;
  readonly testId?: string;
}

/** One of a few values, with its label. */
export function Choice<T extends string>({ label, value, options, onChoose, disabled, testId }: Props<T>) {
  return (
    <label className="field">
      <span className="field-label">{label}</span>
      <select
        className="input select"
        value={value}
        title={options.find((option) => option.value === value)?.text}
        disabled={disabled}
        data-testid={testId}
        onChange={(event) => onChoose(event.target.value as T)}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value} disabled={option.disabled}>
            {option.text}
          </option>
        ))}
      </select>
    </label>
  );
}
