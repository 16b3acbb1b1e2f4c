import { remedyWords } from "../../../../engine/model/diagnosis.ts";
import { LAYER_FORM_WORDS } from "../../../../engine/model/layerForm.ts";
import type { Decision, Tuning } from "../../../../engine/model/tuning.ts";
import { plural, significant } from "../../../../engine/values/figures.ts";
import { change, points as gain, percent } from "../../../../engine/values/shares.ts";
import { byteSize, decibel } from "../../../../engine/values/units.ts";
import { distinctNames } from "../../../names.ts";
import { Facts } from "../../../parts/Facts.tsx";
import { Term } from "../../../parts/Term.tsx";
import { adoptPoint } from "../../../state/tune.ts";
import { useWork } from "../../../state/useStudio.ts";

/** Of a name among others, characters. */
const NAME_ROOM = 28;

interface Props {
  readonly tuning: Tuning;
  readonly index: number;
  readonly adopted: boolean;
}

/** One point of a search: its figures, what was decided to come to it, and the button that takes it over. */
export function SearchPoint({ tuning, index, adopted }: Props) {
  const busy = useWork((work) => work.job !== null);
  const point = tuning.points[index]!;
  const { top1, perplexity, expected, bytes, sqnr, floatLayers, decisions, passed } = point;
  return (
    <section className="search-point" aria-label="The selected point" data-testid="search-point">
      <div className="search-point-head">
        <h2>
          {index + 1}: {point.label}
        </h2>
        <strong className={`verdict ${passed ? "pass" : "fail"}`}>
          {passed ? "keeps the limit" : "misses the limit"}
        </strong>
        {adopted ? (
          <span className="muted" data-testid="search-adopted">
            This is the recipe of the moment.
          </span>
        ) : (
          <button
            type="button"
            className="button"
            disabled={busy}
            onClick={() => adoptPoint(point)}
            data-testid="search-adopt"
          >
            Adopt
          </button>
        )}
      </div>
      <Facts
        wide
        facts={[
          { key: "size", value: `${byteSize(bytes)} (${change(tuning.bytes.float, bytes)})` },
          {
            key: "top-1",
            label: <Term word="top-1" />,
            value: top1 ? `${percent(top1.quantized)} (${gain(-top1.drop)})` : "–",
          },
          ...(top1
            ? [{ key: "95 % interval", value: `${gain(-top1.interval[1])} to ${gain(-top1.interval[0])}` }]
            : []),
          ...(perplexity
            ? [
                {
                  key: "perplexity",
                  label: <Term word="perplexity" />,
                  value: `${significant(perplexity.quantized)} (${change(perplexity.float, perplexity.quantized)})`,
                },
              ]
            : []),
          ...(expected === null ? [] : [{ key: "expected (estimated)", value: gain(-expected) }]),
          { key: "SQNR", label: <Term word="SQNR" />, value: decibel(sqnr) },
          { key: "in float", value: plural(floatLayers, "layer") },
        ]}
      />
      <ul className="search-decisions" aria-label="Decisions">
        {outcomeOf(decisions).map(({ text, whole }) => (
          <li key={whole} title={whole}>
            {text}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** A line as it is shown, and with whole names. */
interface Outcome {
  readonly text: string;
  readonly whole: string;
}

const plain = (text: string): Outcome => ({ text, whole: text });

function withNames(what: string, names: readonly string[]): Outcome {
  const labels = distinctNames(names, NAME_ROOM);
  const text = `${what}: ${names.map((name) => labels.get(name)).join(", ")}`;
  return { text, whole: `${what}: ${names.join(", ")}` };
}

/** What the decisions come to, taken together. */
function outcomeOf(decisions: readonly Decision[]): Outcome[] {
  const float = new Set<string>();
  const forms = new Map<string, string>();
  const lines: Outcome[] = [];
  for (const decision of decisions) {
    if (decision.kind === "corrections") {
      const { equalization, bias } = decision.corrections;
      lines.push(
        plain(`Equalization ${equalization ? "on" : "off"}, bias correction ${bias === "none" ? "off" : bias}`),
      );
    } else if (decision.kind === "remedy") {
      lines.push(plain(remedyWords(decision.remedy)));
    } else {
      for (const layer of decision.layers) {
        if (decision.kind === "float") float.add(layer);
        else if (decision.kind === "int8") float.delete(layer);
        else if (decision.kind === "weights") forms.set(layer, `Weights in ${decision.type}`);
        else if (decision.form === null) forms.delete(layer);
        else forms.set(layer, `Computed ${LAYER_FORM_WORDS[decision.form]}`);
      }
    }
  }
  if (float.size > 0) lines.push(withNames("Left in float", [...float]));
  for (const form of new Set(forms.values())) {
    const names = [...forms].filter(([, each]) => each === form).map(([layer]) => layer);
    lines.push(withNames(form, names));
  }
  return lines;
}
