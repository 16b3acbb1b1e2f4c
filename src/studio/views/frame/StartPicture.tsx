import dark from "../../pictures/workbench-dark.webp";
import light from "../../pictures/workbench-light.webp";
import { useDark } from "../../theme.ts";

/** The workbench at work, in the colours of the page. */
export function StartPicture() {
  return (
    <figure className="start-picture">
      <img
        src={useDark() ? dark : light}
        width={1280}
        height={720}
        loading="lazy"
        decoding="async"
        alt="The sample project at work: its layers with what each costs, the clip chart of one layer, the recipe and the measured result"
      />
    </figure>
  );
}
