import { percent } from "../../../engine/values/shares.ts";
import "./LeftOver.css";

/** What share of an error is left, as a bar and a number. */
export function LeftOver({ share }: { readonly share: number }) {
  return (
    <span className="left-over">
      <span className="left-track" aria-hidden="true">
        <span className="left-bar" style={{ width: `${Math.min(1, share) * 100}%` }} />
      </span>
      <span className="left-number">{percent(share)}</span>
    </span>
  );
}
