import { Popover, Tooltip } from "radix-ui";
import { type KeyboardEvent, type ReactElement, type ReactNode, useLayoutEffect, useRef, useState } from "react";
import { tryBitDepths } from "../explain/door.ts";
import { Explanation } from "../explain/Explanation.tsx";
import type { Word } from "../words.ts";

const TO_TRY: readonly Word[] = ["bit depth", "scale", "effective bits", "SQNR"];

/**
 * A word of the field. Hover and focus explain it; a press or Enter keeps the explanation, Escape closes it. Words in one
 * table or list are one stop of Tab, and the left and right arrows go from one to the next.
 */
export function Term({ word, children }: { readonly word: Word; readonly children?: ReactNode }) {
  const [open, setOpen] = useState(false);
  const [hinted, setHinted] = useState(false);
  const term = useRef<HTMLSpanElement>(null);
  const closing = useRef(false);
  const escaped = useRef(false);
  const pressing = useRef(false);
  useLayoutEffect(() => {
    const [first] = neighbours(term.current);
    if (term.current) term.current.tabIndex = first === term.current ? 0 : -1;
  });
  // A hint that came up under a pressed pointer would take its release, and with it the press.
  const press = () => {
    pressing.current = true;
    setHinted(false);
    document.addEventListener("pointerup", () => (pressing.current = false), { once: true });
  };
  const toggle = () => {
    setHinted(false);
    setOpen(!open);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const pressed = event.key === "Enter" || event.key === " ";
    const next = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (!pressed && next === 0) return;
    event.preventDefault();
    if (pressed) return toggle();
    const words = neighbours(term.current);
    words[words.indexOf(term.current as HTMLElement) + next]?.focus();
  };
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Tooltip.Root
        open={hinted && !open}
        onOpenChange={(shown) => setHinted(shown && !closing.current && !pressing.current)}
      >
        <Popover.Anchor asChild>
          <Tooltip.Trigger asChild>
            {/* biome-ignore lint/a11y/useSemanticElements: a button in a label would be what the label names */}
            <span
              ref={term}
              className="term"
              role="button"
              tabIndex={-1}
              aria-haspopup="dialog"
              aria-expanded={open}
              onPointerDown={press}
              onClick={(event) => {
                event.preventDefault();
                toggle();
              }}
              onKeyDown={onKeyDown}
              onBlur={() => {
                closing.current = false;
              }}
            >
              {children ?? word}
            </span>
          </Tooltip.Trigger>
        </Popover.Anchor>
        <Tooltip.Portal>
          <Tooltip.Content className="tooltip" sideOffset={5} collisionPadding={8}>
            <Explanation word={word} />
          </Tooltip.Content>
        </Tooltip.Portal>
      </Tooltip.Root>
      <Popover.Portal>
        <Popover.Content
          className="popover explained"
          side="top"
          sideOffset={5}
          collisionPadding={8}
          aria-label={`What “${word}” means`}
          data-testid="explanation"
          onInteractOutside={(event) => {
            if (term.current?.contains(event.target as Node)) event.preventDefault();
          }}
          onEscapeKeyDown={() => {
            escaped.current = true;
          }}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            if (!escaped.current && document.activeElement !== document.body) return;
            escaped.current = false;
            closing.current = true;
            term.current?.focus();
          }}
        >
          <span className="explained-word">{word}</span>
          <Explanation word={word} />
          {TO_TRY.includes(word) ? (
            <button
              type="button"
              className="button"
              onClick={() => {
                setOpen(false);
                tryBitDepths();
              }}
            >
              Try it
            </button>
          ) : null}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

/** Shows what `text` says beside what it is about, on hover and on focus. */
export function Hint({ text, children }: { readonly text: ReactNode; readonly children: ReactElement }) {
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

/** The words of the same table or list, in order. */
function neighbours(term: HTMLElement | null): HTMLElement[] {
  const group = term?.closest("table, dl");
  return group ? [...group.querySelectorAll<HTMLElement>(".term[role=button]")] : term ? [term] : [];
}
