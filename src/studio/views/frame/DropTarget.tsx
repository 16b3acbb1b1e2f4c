import { type DragEvent, type ReactNode, useState } from "react";
import { fromDrop } from "../../files.ts";
import { takeFiles } from "../../state/intake.ts";
import { alarmFor } from "../../state/log.ts";
import "./DropTarget.css";

const holdsFiles = (event: DragEvent) => event.dataTransfer.types.includes("Files");

/** The whole window takes files and folders. */
export function DropTarget({ children }: { readonly children: ReactNode }) {
  const [over, setOver] = useState(false);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: buttons and inputs choose the same files
    <div
      className="drop-target"
      data-testid="drop-target"
      onDragOver={(event) => {
        if (!holdsFiles(event)) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
      }}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        fromDrop(event.dataTransfer)
          .then(takeFiles)
          .catch((error) => alarmFor(error, "Reading the dropped files"));
      }}
    >
      {children}
      {over ? (
        <div className="drop-veil" aria-hidden="true">
          <p>Drop a model, samples, labels, a recipe or a calibration cache</p>
        </div>
      ) : null}
    </div>
  );
}
