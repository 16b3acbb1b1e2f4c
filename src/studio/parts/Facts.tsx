import type { ReactNode } from "react";

export interface Fact {
  readonly key: string;
  readonly label?: ReactNode;
  readonly value: ReactNode;
  readonly testId?: string;
}

/** Names and values, one pair a line or as many as fit. */
export function Facts({ facts, wide }: { readonly facts: readonly Fact[]; readonly wide?: boolean }) {
  return (
    <dl className={wide ? "facts wide" : "facts"}>
      {facts.map((fact) => (
        <div key={fact.key}>
          <dt>{fact.label ?? fact.key}</dt>
          <dd data-testid={fact.testId}>{fact.value}</dd>
        </div>
      ))}
    </dl>
  );
}
