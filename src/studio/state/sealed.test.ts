import { afterEach, expect, it, vi } from "vitest";
import { answerPassphrase, SealedFiles } from "./sealed.ts";
import { studio } from "./store.ts";
import { engine } from "./workers.ts";

vi.mock("./workers.ts", () => ({ engine: { ask: vi.fn() } }));

const locked = () => studio.getState().view.locked;
const named = (path: string) => ({ path, file: new File([path], path) });
const [recipe, calibration, report] = ["a.recipe.json.age", "a.calibration.json.age", "a.report.json.age"].map(named);

/** Files that are all encrypted, with these passphrases. */
function sealedWith(passphrases: Readonly<Record<string, string>>) {
  const api = {
    isSealed: vi.fn(async ({ path }: { path: string }) => path in passphrases),
    unseal: vi.fn(async ({ path }: { path: string }, given: string) =>
      passphrases[path] === given ? new File(["opened"], path) : null,
    ),
  };
  vi.mocked(engine.ask).mockImplementation((ask) => ask(api as never));
  return api;
}

/** Gives an answer once one is waited for. */
async function answer(given: string | null): Promise<void> {
  await vi.waitFor(() => expect(locked()).toMatchObject({ isBusy: false }));
  answerPassphrase(given);
}

afterEach(() => vi.mocked(engine.ask).mockReset());

it("asks once for files of one passphrase, and gives them in the places of those", async () => {
  sealedWith({ "a.recipe.json.age": "p", "a.calibration.json.age": "p", "a.report.json.age": "p" });
  const sealed = new SealedFiles();
  const other = named("photo.png");
  const opening = sealed.open([recipe!, other, calibration!, report!]);
  await answer("wrong");
  await vi.waitFor(() => expect(locked()).toMatchObject({ path: "a.recipe.json.age", isWrong: true }));
  await answer("p");
  const files = await opening;
  expect(files.map(({ path }) => path)).toEqual(["a.recipe.json", "photo.png", "a.calibration.json", "a.report.json"]);
  expect(files[1]).toBe(other);
  expect(await files[0]!.file.text()).toBe("opened");
  expect(sealed.reportsAmong([recipe!, report!]).map(({ path }) => path)).toEqual(["a.report.json.age"]);
  expect(locked()).toBeNull();
});

it("asks anew for a file of another passphrase, and leaves out what a person gave up", async () => {
  sealedWith({ "a.recipe.json.age": "p", "a.calibration.json.age": "q", "a.report.json.age": "r" });
  const opening = new SealedFiles().open([recipe!, calibration!, report!]);
  await answer("p");
  await vi.waitFor(() => expect(locked()).toMatchObject({ path: "a.calibration.json.age", isBusy: false }));
  await answer(null);
  expect((await opening).map(({ path }) => path)).toEqual(["a.recipe.json"]);
  expect(locked()).toBeNull();
});

it("can be given up while a file is opened", async () => {
  const api = sealedWith({ "a.recipe.json.age": "p" });
  let end: () => void = () => undefined;
  api.unseal.mockImplementation(() => new Promise((resolve) => (end = () => resolve(new File([], "a")))));
  const opening = new SealedFiles().open([recipe!]);
  await answer("p");
  await vi.waitFor(() => expect(locked()).toMatchObject({ isBusy: true }));
  answerPassphrase(null);
  expect(locked()).toBeNull();
  end();
  expect(await opening).toEqual([]);
});

it("asks nothing where nothing is encrypted, and tells damage", async () => {
  const api = sealedWith({});
  const plain = [named("a.recipe.json")];
  expect(await new SealedFiles().open(plain)).toEqual(plain);
  sealedWith({ "a.recipe.json.age": "p" }).unseal.mockRejectedValue(new Error("damaged"));
  const opening = new SealedFiles().open([recipe!]);
  await answer("p");
  expect(await opening).toEqual([]);
  expect(studio.getState().work.alerts.at(-1)!.message).toContain("damaged");
  expect(api.unseal).not.toHaveBeenCalled();
});

it("leaves a file that cannot be read to what takes it, and opens the others", async () => {
  const api = sealedWith({ "a.recipe.json.age": "p" });
  api.isSealed.mockImplementation(async ({ path }) => {
    if (path === "a.calibration.json.age") throw new Error("gone");
    return true;
  });
  const opening = new SealedFiles().open([calibration!, recipe!]);
  await answer("p");
  expect((await opening).map(({ path }) => path)).toEqual(["a.calibration.json.age", "a.recipe.json"]);
});
