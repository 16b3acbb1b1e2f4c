import { useEffect, useState } from "react";

interface Props<T> {
  readonly label: string;
  readonly value: T;
  readonly show: (value: T) => string;
  /** Null when the text means nothing; the field then goes back to what it showed. */
  readonly read: (text: string) => T | null;
  readonly onCommit: (value: T) => void;
}

/** A value written as text, such as "224" or "0.485, 0.456, 0.406"; taken over on Enter or when left. */
export function TextField<T>({ label, value, show, read, onCommit }: Props<T>) {
  const shown = show(value);
  const [text, setText] = useState(shown);
  useEffect(() => setText(shown), [shown]);

  const commit = () => {
    if (text === shown) return;
    const next = read(text);
    setText(shown);
    if (next !== null) onCommit(next);
  };
  return (
    <label className="field">
      <span className="field-label">{label}</span>
      <input
        className="input"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onBlur={commit}
        onKeyDown={(event) => {
          if (event.key === "Enter") commit();
          if (event.key === "Escape") setText(shown);
        }}
      />
    </label>
  );
}
