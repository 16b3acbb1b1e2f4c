import { takeOverSession } from "../../state/takeOver.ts";
import { useProject, useWork } from "../../state/useStudio.ts";

/** Says that another tab keeps the session of the open model, and takes it over. */
export function Elsewhere() {
  const elsewhere = useWork((work) => work.elsewhere);
  const name = useProject(({ model }) => model?.file.name);
  const busy = useWork((work) => work.job !== null);
  if (!elsewhere || !name) return null;
  return (
    <section className="alert newer" aria-label="Open in another tab" data-testid="elsewhere">
      <p role="status">
        {elsewhere === "open"
          ? `${name} is open in another tab, which keeps its session: what is done here is not kept.`
          : `Another tab took over ${name}: what is done here is no longer kept.`}{" "}
        To take it over is to go on here from what that tab kept.
      </p>
      <button type="button" className="button" onClick={takeOverSession} disabled={busy}>
        Take over
      </button>
    </section>
  );
}
