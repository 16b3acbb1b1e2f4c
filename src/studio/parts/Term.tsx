import { Tooltip } from "radix-ui";
import type { ReactNode } from "react";
import { WORDS, type Word } from "../words.ts";

/** A word of the field, explained on hover; the help lists all of them for the keyboard. */
export function Term({ word, children }: { readonly word: Word; readonly children?: ReactNode }) {
  return (
    <Hint text={WORDS[word]}>
      <span className="term">{children ?? word}</span>
    </Hint>
  );
}

/** Shows a sentence beside what it is about, on hover and on focus. */
export function Hint({ text, children }: { readonly text: string; readonly children: ReactNode }) {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger asChild>{children}</Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content className="tooltip" sideOffset={5} collisionPadding={8}>
          {text}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}
