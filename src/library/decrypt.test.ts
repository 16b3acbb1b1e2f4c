import { fileURLToPath } from "node:url";
import { expect, it, vi } from "vitest";
import { decrypt, InputError, openProject } from "./node.ts";

vi.mock("../engine/sealing/workFactor.ts", () => ({ WORK_FACTOR: 2 }));

const MODEL = fileURLToPath(new URL("../../public/sample/fashion-mnist-dw.onnx", import.meta.url));

it("gives what export encrypted, which a project is opened with, and refuses what it cannot open with a sentence", async () => {
  const project = await openProject(MODEL);
  project.change({ format: "weights", weights: { ...project.recipe.weights, type: "int4" } });
  const { files } = await project.export({ passphrase: "burst swarm" });
  const names = files.map(({ name }) => name.replace("fashion-mnist-dw.", ""));
  expect(names).toEqual(["int4.onnx", "recipe.json.age", "report.json.age", "report.html.age"]);
  const sealed = Buffer.concat(files[1]!.chunks);
  const recipe = new TextDecoder().decode(await decrypt(sealed, "burst swarm"));
  const again = await openProject(MODEL, { recipe });
  expect(again.recipe).toEqual(project.recipe);

  const refused = async (of: Promise<unknown>, message: string) => {
    await expect(of).rejects.toThrow(message);
    await expect(of).rejects.toBeInstanceOf(InputError);
  };
  await refused(decrypt(sealed, "other"), "The file is not opened by this passphrase; give the one that it was");
  await refused(decrypt(sealed.subarray(0, -1), "burst swarm"), "The file is encrypted and damaged");
  await refused(decrypt(Buffer.from(recipe), "burst swarm"), "decrypt takes the bytes of an encrypted file");
  await refused(decrypt(sealed, 3 as unknown as string), "passphrase is a text");
  await refused(project.export({ passphrase: "" }), "passphrase is a text that is not empty");
});
