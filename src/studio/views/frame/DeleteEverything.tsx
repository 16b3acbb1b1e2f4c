import { AlertDialog } from "radix-ui";
import { deleteEverything } from "../../state/persistence.ts";

/** Deletes what this browser keeps, after asking once. */
export function DeleteEverything() {
  return (
    <AlertDialog.Root>
      <AlertDialog.Trigger asChild>
        <button type="button" className="button danger">
          Delete everything
        </button>
      </AlertDialog.Trigger>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className="dialog-veil" />
        <AlertDialog.Content className="dialog small">
          <AlertDialog.Title>Delete everything?</AlertDialog.Title>
          <AlertDialog.Description>
            All recipes, statistics, results, models and samples that Octet keeps in this browser are deleted, and the
            open model is closed. Files you downloaded stay.
          </AlertDialog.Description>
          <div className="dialog-ways">
            <AlertDialog.Cancel asChild>
              <button type="button" className="button">
                Keep
              </button>
            </AlertDialog.Cancel>
            <AlertDialog.Action asChild>
              <button type="button" className="button danger" onClick={deleteEverything}>
                Delete
              </button>
            </AlertDialog.Action>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
