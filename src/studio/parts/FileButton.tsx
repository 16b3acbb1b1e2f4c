import { type ReactNode, useRef } from "react";
import type { PathFile } from "../../../workers/protocol.ts";
import { fromInput } from "../files.ts";

interface Props {
  readonly children: ReactNode;
  readonly onFiles: (files: PathFile[]) => void;
  readonly accept?: string;
  readonly multiple?: boolean;
  readonly folder?: boolean;
  readonly primary?: boolean;
  readonly disabled?: boolean;
  readonly testId?: string;
}

/** A button that lets the person choose files or a folder; `testId` is on the file input. */
export function FileButton({ children, onFiles, accept, multiple, folder, primary, disabled, testId }: Props) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        className={primary ? "button primary" : "button"}
        disabled={disabled}
        onClick={() => input.current?.click()}
      >
        {children}
      </button>
      <input
        ref={input}
        type="file"
        hidden
        accept={accept}
        multiple={multiple}
        data-testid={testId}
        {...(folder ? { webkitdirectory: "" } : {})}
        onChange={(event) => {
          const { files } = event.target;
          if (files && files.length > 0) onFiles(fromInput(files));
          event.target.value = "";
        }}
      />
    </>
  );
}
