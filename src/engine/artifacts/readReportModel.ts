import type { Report, ReportedLayer } from "../model/report.ts";
import type { Port } from "../model/tensor.ts";
import { DATA_TYPES } from "../values/elementTypes.ts";
import type { Field } from "./field.ts";

const FIELDS = [
  ...["name", "sha256", "bytes", "irVersion", "opset", "producer", "parameters", "inputs", "outputs", "operators"],
  ...["layers", "preparation"],
];
const LAYER_FIELDS = ["id", "operator", "inputs", "outputs", "parameters", "weight", "precision", "reason"];
const TYPES = [...DATA_TYPES, "other"] as const;

/** What a report says of its model. Throws InputError when a field is wrong or unknown. */
export function readModel(field: Field): Report["model"] {
  field.only(...FIELDS);
  return {
    name: field.at("name").string(),
    sha256: field.at("sha256").string(),
    bytes: field.at("bytes").integer(0),
    irVersion: field.at("irVersion").integer(0),
    opset: field.at("opset").integer(0),
    producer: field.at("producer").string(),
    parameters: field.at("parameters").integer(0),
    inputs: field.at("inputs").list(readPort),
    outputs: field.at("outputs").list(readPort),
    operators: field.at("operators").list((operator) => {
      operator.only("type", "count", "quantized");
      return {
        type: operator.at("type").string(),
        count: operator.at("count").integer(0),
        quantized: operator.at("quantized").integer(0),
      };
    }),
    layers: field.at("layers").list(readLayer),
    preparation: texts(field.at("preparation")),
  };
}

function readPort(field: Field): Port {
  field.only("name", "type", "dims");
  return {
    name: field.at("name").string(),
    type: field.at("type").oneOf(TYPES),
    dims: field.at("dims").list((dim) => {
      return typeof dim.value === "string" ? dim.value : dim.nullable((value) => value.number());
    }),
  };
}

function readLayer(field: Field): ReportedLayer {
  field.only(...LAYER_FIELDS);
  return {
    id: field.at("id").string(),
    operator: field.at("operator").string(),
    inputs: texts(field.at("inputs")),
    outputs: texts(field.at("outputs")),
    parameters: field.at("parameters").integer(0),
    weight: field.at("weight").nullable((weight) => weight.string()),
    precision: field.at("precision").oneOf(["int8", "int4", "float32"]),
    reason: field.at("reason").nullable((reason) => reason.string()),
  };
}

function texts(field: Field): string[] {
  return field.list((item) => item.string());
}
