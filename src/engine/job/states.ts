import type { StateInput } from "../model/dataset.ts";
import { InputError } from "../model/job.ts";
import type { GivenInputs } from "../model/recipe.ts";
import { own } from "../model/record.ts";
import { canFeed } from "../model/stateNames.ts";
import type { Port } from "../model/tensor.ts";
import { dimsText } from "../values/dims.ts";

/**
 * The inputs that carry a state, each with the output that feeds it. Throws InputError for an output that there is not, that feeds
 * two inputs or cannot be what the input takes, and for an input that is held at a value as well.
 */
export function stateInputs(
  ports: readonly Port[],
  outputs: readonly Port[],
  { shapes, values, state = {} }: GivenInputs,
): readonly StateInput[] {
  const states = ports.flatMap((port): StateInput[] => {
    const name = own(state, port.name);
    if (name === undefined) return [];
    const output = outputs.find((each) => each.name === name);
    if (!output) {
      const names = outputs.map((each) => each.name).join(", ");
      throw new InputError(
        `The model has no output named ${name} to feed ${port.name} from; its outputs are ${names}.`,
      );
    }
    if (own(values, port.name) !== undefined) {
      throw new InputError(
        `The input ${port.name} is held at a value and fed from the output ${name} as well; leave one of them out.`,
      );
    }
    if (!canFeed(output, port)) {
      throw new InputError(
        `The output ${name} (${output.type} ${dimsText(output.dims)}) cannot feed the input ${port.name} (${port.type} ${dimsText(port.dims)}); name the output that holds its next state.`,
      );
    }
    return [{ port, output, start: own(shapes, port.name) ?? null }];
  });
  const twice = states.find(({ output }, at) => states.findIndex((other) => other.output === output) < at);
  if (twice) {
    const first = states.find(({ output }) => output === twice.output)!;
    throw new InputError(
      `The output ${twice.output.name} feeds both ${first.port.name} and ${twice.port.name}; an output feeds one input.`,
    );
  }
  return states;
}
