/**
 * The latest generation of passes that prepare a model for quantizing. A pass that changes weights, or what layers there are,
 * and is new has the next one, and so have those that come with it: what recipes hold that was learned is of the model as it
 * was prepared then.
 */
export const LATEST_PREPARATION = 2;
