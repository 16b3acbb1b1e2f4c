import type { CodeSearch } from "../../../../engine/model/codeSearch.ts";
import { isSampled } from "../../../../engine/model/recipe.ts";
import { plural } from "../../../../engine/values/figures.ts";
import { duration } from "../../../../engine/values/units.ts";
import { Empty } from "../../../parts/Empty.tsx";
import { Term } from "../../../parts/Term.tsx";
import { Adoption, NeedsData } from "../../../parts/WaitingFor.tsx";
import { adoptCodes, codesAreAdopted, codesAreStale, FINDING, foundText, isWhole } from "../../../state/codes.ts";
import { isRefinedBy } from "../../../state/refinement.ts";
import { useProject, useResults, useStudio, useWork } from "../../../state/useStudio.ts";
import { CodesForm } from "./CodesForm.tsx";
import { CodesTable } from "./CodesTable.tsx";
import { RefinementPart } from "./RefinementPart.tsx";
import "./CodesView.css";

/** Finds codes of weights in blocks by GPTQ or AWQ, layer by layer, and shows what that gained, or what scales found without data did. */
export default function CodesView() {
  const search = useResults((results) => results.codes?.result ?? null);
  const running = useWork((work) => work.job?.task === FINDING);
  const hasData = useProject((project) => project.data !== null);
  const isAsked = useProject((project) => project.recipe !== null && isSampled(project.recipe.present.weights));
  const isRefined = useProject((project) => project.recipe !== null && isRefinedBy(project.recipe.present));
  if (isRefined) {
    return (
      <>
        <RefinementPart />
        {search ? <Found search={search} running={running} /> : null}
      </>
    );
  }
  if (!search && !isAsked) {
    return (
      <Empty title="The recipe asks for no codes found on samples, and for no scales of least error.">
        <p className="muted">
          They are for weights alone or q4f16, in blocks: choose how scales are found under “Scales by” in the recipe.
        </p>
      </Empty>
    );
  }
  if (!search && !hasData) {
    return <NeedsData title="Codes are found on samples, so they need some." />;
  }
  return (
    <>
      <p className="muted">
        <Term word="codes found on samples">GPTQ and AWQ</Term> look at what each layer reads on samples: GPTQ for codes
        that give nearly the products of the weights, AWQ for scales that keep weights closer which large inputs
        multiply. They pay most in 4 and 2 bits.
      </p>
      <CodesForm isAsked={isAsked} />
      {search ? <Found search={search} running={running} /> : null}
    </>
  );
}

interface FoundProps {
  readonly search: CodeSearch;
  readonly running: boolean;
}

function Found({ search, running }: FoundProps) {
  const stale = useStudio(codesAreStale);
  // What was found for another recipe is not what is being found.
  if (running && stale) return null;
  return (
    <div className={stale ? "codes stale" : "codes"} data-testid="codes-found">
      {stale ? (
        <p className="hint">
          Stale: the algorithm, the weights, their blocks or the samples are not those that codes were found for.
        </p>
      ) : null}
      <Standing search={search} running={running} stale={stale} />
      <CodesTable search={search} />
    </div>
  );
}

function Standing({ search, running, stale }: FoundProps & { readonly stale: boolean }) {
  const adopted = useStudio(codesAreAdopted);
  const { algorithm, layers, samples, seconds, learner } = search;
  return (
    <p className="codes-standing" data-testid="codes-standing">
      <strong>
        {algorithm.toUpperCase()}: {foundText(search)}.
      </strong>{" "}
      <span className="muted">
        {plural(samples, "sample")}; {duration(seconds * 1000)}, {learner}.
      </span>
      {running || stale || layers.length === 0 ? null : (
        <Adoption
          isAdopted={adopted}
          isWhole={isWhole(search)}
          partly="what is found"
          onAdopt={adoptCodes}
          testId="codes"
        />
      )}
    </p>
  );
}
