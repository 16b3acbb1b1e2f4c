import { takeNewer } from "../../host/serviceWorker.ts";
import { alarmFor } from "../../state/log.ts";
import { useHost, useWork } from "../../state/useStudio.ts";

/** Offers a newer version of the studio, which this browser has kept already. */
export function Newer() {
  const isNewer = useHost((host) => host.isNewer);
  const others = useHost((host) => host.others);
  const busy = useWork((work) => work.job !== null);
  if (!isNewer) return null;
  const take = () => takeNewer().catch((error) => alarmFor(error, "Taking the newer version"));
  return (
    <section className="alert newer" aria-label="Newer version" data-testid="newer">
      <p>
        {others > 0
          ? `Octet is open in ${others === 1 ? "another tab" : `${others} other tabs`}, which would lose its files: close ${others === 1 ? "it" : "them"} first.`
          : "A newer version of Octet is ready. The page reloads with it; recipe and results are kept."}
      </p>
      <button type="button" className="button" onClick={take} disabled={busy}>
        Reload with it
      </button>
    </section>
  );
}
