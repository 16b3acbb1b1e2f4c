import { type KeyboardEvent, useEffect, useState } from "react";

interface Props {
  readonly label: string;
  readonly value: number;
  readonly onCommit: (value: number) => void;
  readonly hideLabel?: boolean;
  readonly unit?: string;
  /** What one press of an arrow key adds. */
  readonly step?: number;
  readonly disabled?: boolean;
  readonly testId?: string;
}

/** A number that is taken over on Enter or when the field is left; arrow keys change it at once. */
export function NumberField({ label, value, onCommit, hideLabel, unit, step, disabled, testId }: Props) {
  const shown = String(Number.isInteger(value) ? value : Number(value.toPrecision(6)));
  const [text, setText] = useState(shown);
  useEffect(() => setText(shown), [shown]);

  const commit = () => {
    const number = Number(text.trim().replace(",", "."));
    if (text === shown) return;
    // What is taken over may be the value there was, by a limit, and the text would stay as typed.
    setText(shown);
    if (text.trim() !== "" && Number.isFinite(number)) onCommit(number);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter") commit();
    if (event.key === "Escape") setText(shown);
    if (step !== undefined && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      event.preventDefault();
      onCommit(value + (event.key === "ArrowUp" ? step : -step));
    }
  };
  return (
    <label className="field">
      <span className={hideLabel ? "visually-hidden" : "field-label"}>{label}</span>
      <span className="field-control">
        <input
          className="input number"
          inputMode="decimal"
          value={text}
          disabled={disabled}
          data-testid={testId}
          onChange={(event) => setText(event.target.value)}
          onBlur={commit}
          onKeyDown={onKeyDown}
        />
        {unit ? <span className="unit">{unit}</span> : null}
      </span>
    </label>
  );
}
