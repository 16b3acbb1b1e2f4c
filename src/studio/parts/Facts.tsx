import { type ReactNode, useRef } from "react";
import { alarmFor, say } from "../state/log.ts";

export interface Fact {
  readonly key: string;
  readonly label?: ReactNode;
  readonly value: ReactNode;
  readonly testId?: string;
}

/** Names and values, one pair a line or as many as fit, which a press copies as text. */
export function Facts({ facts, wide }: { readonly facts: readonly Fact[]; readonly wide?: boolean }) {
  const list = useRef<HTMLDListElement>(null);
  const copy = async () => {
    const pairs = Array.from(list.current?.children ?? [], (pair) =>
      [pair.firstElementChild, pair.lastElementChild].map((part) => part?.textContent?.trim()).join(": "),
    );
    try {
      await navigator.clipboard.writeText(`${pairs.join("\n")}\n`);
      say("info", "The figures are copied.");
    } catch (error) {
      alarmFor(error, "Copying the figures");
    }
  };
  return (
    <div className="facts-frame">
      <dl ref={list} className={wide ? "facts wide" : "facts"}>
        {facts.map((fact) => (
          <div key={fact.key}>
            <dt>{fact.label ?? fact.key}</dt>
            <dd data-testid={fact.testId}>{fact.value}</dd>
          </div>
        ))}
      </dl>
      <button type="button" className="facts-copy" aria-label="Copy the figures as text" onClick={copy}>
        Copy
      </button>
    </div>
  );
}
