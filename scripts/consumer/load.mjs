import { AutoModel, AutoTokenizer, env } from "@huggingface/transformers";

/** Loads variants of a model in a folder, without the network, and prints what each makes of a text as JSON. */
const [root, name, text, ...dtypes] = process.argv.slice(2);
env.allowRemoteModels = false;
env.localModelPath = root;
env.useFSCache = false;

const tokenizer = await AutoTokenizer.from_pretrained(name);
const inputs = await tokenizer(text);
const outputs = {};
for (const dtype of dtypes) {
  const model = await AutoModel.from_pretrained(name, dtype === "default" ? {} : { dtype });
  const { last_hidden_state: output } = await model(inputs);
  outputs[dtype] = [...output.data];
  await model.dispose();
}
const ids = [...inputs.input_ids.data].map(Number);
process.stdout.write(JSON.stringify({ ids, outputs }));
