import { Dialog } from "radix-ui";
import type { ReactNode } from "react";
import type { Screen } from "../documentation.ts";
import { Docs } from "./Docs.tsx";

interface Props {
  readonly title: string;
  /** What the text is called, where that is not the title. */
  readonly label?: string;
  /** Of the style, beside `dialog`. */
  readonly kind?: string;
  readonly testId: string;
  readonly screen: Screen;
  readonly onClose: () => void;
  /** Whether it stays open until what it waits for has ended. */
  readonly isHeld?: boolean;
  readonly children: ReactNode;
  /** Between the text and the ways out. */
  readonly foot?: ReactNode;
  /** Ways out before that which closes it. */
  readonly ways?: ReactNode;
}

/** A dialog with a text that scrolls, by keyboard too, between its title and the ways out of it. */
export function TextDialog({
  title,
  label,
  kind,
  testId,
  screen,
  onClose,
  isHeld = false,
  children,
  foot,
  ways,
}: Props) {
  return (
    <Dialog.Root open onOpenChange={() => !isHeld && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="dialog-veil" />
        <Dialog.Content
          className={kind ? `dialog ${kind}` : "dialog"}
          aria-describedby={undefined}
          data-testid={testId}
        >
          <Dialog.Title>{title}</Dialog.Title>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the text scrolls by keyboard */}
          <section className="dialog-text" tabIndex={0} aria-label={label ?? title}>
            {children}
          </section>
          {foot}
          <div className="dialog-ways">
            <Docs screen={screen} />
            {ways}
            <Dialog.Close asChild>
              <button type="button" className="button" disabled={isHeld}>
                Close
              </button>
            </Dialog.Close>
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
