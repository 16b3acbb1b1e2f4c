import type { Page } from "@playwright/test";

/** The database of the studio as version 1 or 3 of it would hold what is in it, or as a version to come would. */
export async function downgrade(page: Page, version: 1 | 3): Promise<void> {
  await away(page);
  await page.evaluate(async (to) => {
    const answer = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    // biome-ignore lint/suspicious/noExplicitAny: records of any version
    type Record = any;
    const now = await answer(indexedDB.open("octet"));
    const records: { [store: string]: Record[] } = {};
    for (const store of now.objectStoreNames) {
      records[store] = await answer(now.transaction(store).objectStore(store).getAll());
    }
    now.close();
    await answer(indexedDB.deleteDatabase("octet"));

    const first = ["sessions", "calibrations", "files"];
    const opening = indexedDB.open("octet", to);
    opening.onupgradeneeded = () => {
      for (const store of to === 1 ? first : [...first, "tunings", "roundings"]) {
        opening.result.createObjectStore(store, { keyPath: "sha256" });
      }
      if (to === 3) opening.result.createObjectStore("results", { keyPath: "id" }).createIndex("sha256", "sha256");
    };
    const database = await answer(opening);

    // Before version 5 there was one preparation of a model, and nothing of what came with the second.
    const withoutLater = (part: Record) => {
      for (const later of ["preparation", "elementwise", "unjoined", "spared", "seed", "prints"]) delete part[later];
      if (part.inputs) delete part.inputs.state;
      // Before version 6 weights alone were a flag of what stays in float.
      if (part.float?.layers && part.format) {
        part.float.activations = part.format === "weights";
        part.format = "qdq";
      }
    };
    const points = (records.tunings ?? []).flatMap(({ tuning }) => tuning.result.points);
    for (const { recipe } of [...(records.sessions ?? []), ...(records.results ?? []), ...points]) withoutLater(recipe);
    for (const { tuning } of records.tunings ?? []) withoutLater(tuning.basis);
    for (const { rounding } of records.roundings ?? []) withoutLater(rounding.basis);
    for (const { calibration } of records.calibrations ?? []) withoutLater(calibration);
    const sessions = (records.sessions ?? []).map(({ evaluation }) => evaluation?.result);
    for (const measured of [...sessions, ...(records.results ?? []).map(({ evaluation }) => evaluation)]) {
      if (!measured) continue;
      delete measured.perplexity;
      for (const output of measured.outputs) delete output.parts;
    }
    // Rounding was learned alone, and took the place of correcting biases.
    for (const { recipe } of [...(records.sessions ?? []), ...(records.results ?? []), ...points]) {
      if (recipe.rounding) recipe.biases = {};
    }
    for (const { rounding } of records.roundings ?? []) {
      delete rounding.result.biases;
      for (const layer of rounding.result.layers) {
        layer.learnt = layer.learned;
        delete layer.learned;
      }
    }
    for (const { sensitivity } of records.sessions ?? []) {
      for (const later of ["notices", "ranked", "reliability"]) delete sensitivity?.result[later];
    }
    // Before version 4 a basis was text: a recipe, learned rounding in it by its digest, and what tells the data.
    const recipeText = (recipe: Record, basis: Record) =>
      JSON.stringify({ ...recipe, rounding: basis.rounding ?? null });
    for (const { sha256, recipe, evaluation, sensitivity, walk } of records.sessions ?? []) {
      for (const based of [sensitivity, walk].filter(Boolean)) {
        based.basis = `${based.basis.data} ${recipeText(recipe, based.basis)}`;
      }
      if (evaluation) {
        const { basis } = evaluation;
        evaluation.basis = JSON.stringify([recipeText(recipe, basis), basis.samples, basis.data]);
      }
      const { rounding } = (records.roundings ?? []).find((each: Record) => each.sha256 === sha256) ?? {};
      if (rounding) {
        const { weights, corrections, factors, float, activations, preprocess, inputs } = recipe;
        const read = [float.activations ? null : activations, [], float.operators, preprocess, inputs];
        const text = JSON.stringify([weights.type, weights.granularity, corrections.equalization, factors, read]);
        rounding.basis = `${rounding.basis.data} ${text}`;
      }
    }
    for (const record of records.calibrations ?? []) delete record.calibratedOn;
    if (to === 1) {
      const firstRecipe = (recipe: Record) => {
        for (const later of ["corrections", "factors", "biases", "rounding"]) delete recipe[later];
        delete recipe.weights.rounding;
        delete recipe.float.activations;
        return recipe;
      };
      for (const session of records.sessions ?? []) {
        firstRecipe(session.recipe);
        for (const later of ["sensitivity", "walk", "sensitivitySamples", "metric"]) delete session[later];
        if (!session.evaluation) continue;
        const [recipe, ...rest] = JSON.parse(session.evaluation.basis);
        session.evaluation.basis = JSON.stringify([firstRecipe(JSON.parse(recipe)), ...rest]);
      }
      for (const { calibration } of records.calibrations ?? []) {
        const [{ runtime, threads, batch }] = calibration.executors;
        calibration.executor = { runtime, threads, batch };
        delete calibration.executors;
        delete calibration.equalized;
      }
    }
    for (const store of database.objectStoreNames) {
      const writing = database.transaction(store, "readwrite").objectStore(store);
      for (const record of records[store] ?? []) await answer(writing.put(record));
    }
    database.close();
  }, version);
}

/** Sets a field of every record of a store to what it must not be. */
export async function spoil(page: Page, store: string, field: string): Promise<void> {
  await away(page);
  await page.evaluate(
    async ([store, field]) => {
      const answer = <T>(request: IDBRequest<T>) =>
        new Promise<T>((resolve, reject) => {
          request.onsuccess = () => resolve(request.result);
          request.onerror = () => reject(request.error);
        });
      const database = await answer(indexedDB.open("octet"));
      const records = database.transaction(store, "readwrite").objectStore(store);
      for (const record of await answer(records.getAll())) await answer(records.put({ ...record, [field]: ["no"] }));
      database.close();
    },
    [store, field] as const,
  );
}

/** Opens the database as a version to come. */
export async function upgradeBeyond(page: Page): Promise<void> {
  await away(page);
  await page.evaluate(
    () =>
      new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open("octet", 99);
        opening.onsuccess = () => {
          opening.result.close();
          resolve();
        };
        opening.onerror = () => reject(opening.error);
      }),
  );
}

/** A page of the same origin that opens no database. */
async function away(page: Page): Promise<void> {
  const body = '<link rel="icon" href="data:,">';
  await page.route("**/elsewhere", (route) => route.fulfill({ contentType: "text/html", body }));
  await page.goto("/elsewhere");
}
