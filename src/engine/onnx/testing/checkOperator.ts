import { attributeOf, intOf, tensorAttributeOf } from "../attributes.ts";
import { isDefaultDomain } from "../opset.ts";
import { type NodeProto, AttributeProto_AttributeType as Type } from "../proto/onnx_pb.ts";
import { type Check, type Scope, typeName } from "./checking.ts";
import { type Parameter, type Ports, parameterAt, type Schema, schemaOf } from "./schemas.ts";

/**
 * onnx/defs/schema.cc, OpSchema::Verify: that the operator is one of ONNX at the opset, its ports are as many as it takes,
 * its attributes are those it has, and its inputs of types it takes. Gives the types of its outputs where they follow.
 * What is in other domains has no schema here.
 */
export function checkOperator(node: NodeProto, owner: string, scope: Scope, check: Check): (string | undefined)[] {
  const fault = (what: string) => check.fault(`${owner} ${what}`);
  if (!node.opType) fault("has no operator");
  if (node.input.length + node.output.length === 0) fault("has neither inputs nor outputs");
  const domain = isDefaultDomain(node.domain) ? "" : node.domain;
  const opset = check.opsets.get(domain);
  if (opset === undefined) fault(`is of domain "${domain}", which the model does not import`);
  if (domain !== "" || opset === undefined) return [];
  const schema = schemaOf(node.opType, opset);
  if (!schema) fault(`is no operator of opset ${opset} (or one that operators.py has to name)`);
  if (schema?.isDeprecated) fault(`is deprecated in opset ${opset}`);
  if (!schema || schema.isDeprecated) return [];
  checkPorts(schema.inputs, node.input, "inputs", fault);
  checkPorts(schema.outputs, node.output, "outputs", fault);
  checkAttributes(schema, node, fault);
  return outputTypes(schema, node, scope, fault);
}

function checkPorts(ports: Ports, names: readonly string[], kind: string, fault: (what: string) => void): void {
  const { least, most } = ports;
  if (names.length < least || names.length > most) {
    fault(`has ${names.length} ${kind}; its operator takes ${least} to ${most}`);
    return;
  }
  for (const [i, name] of names.entries()) {
    if (name === "" && parameterAt(ports, i)?.option === "single") fault(`leaves out one of its ${kind}, number ${i}`);
  }
}

function checkAttributes({ attributes }: Schema, node: NodeProto, fault: (what: string) => void): void {
  for (const { name, type } of node.attribute) {
    const known = attributes.get(name);
    if (!known) fault(`has the attribute "${name}", which its operator does not`);
    else if (Type[type] !== known.type) fault(`has "${name}" of type ${Type[type]}; its operator takes ${known.type}`);
  }
  for (const [name, { isRequired }] of attributes) {
    if (isRequired && !attributeOf(node, name)) fault(`lacks the attribute "${name}"`);
  }
}

function outputTypes(
  schema: Schema,
  node: NodeProto,
  scope: Scope,
  fault: (what: string) => void,
): (string | undefined)[] {
  const bound = new Map<string, string>();
  for (const [i, name] of node.input.entries()) {
    const parameter = parameterAt(schema.inputs, i);
    const type = name === "" ? undefined : scope.get(name)?.type;
    if (!parameter || type === undefined) continue;
    const allowed = schema.variables.get(parameter.type) ?? new Set([parameter.type]);
    if (!allowed.has(type)) fault(`reads "${name}" of ${type}; its operator takes ${[...allowed].join(", ")}`);
    const other = parameter.option === "mixed" ? undefined : bound.get(parameter.type);
    if (other !== undefined && other !== type) fault(`reads "${name}" of ${type} beside ${other}; they have to be one`);
    if (parameter.option !== "mixed") bound.set(parameter.type, type);
  }
  return node.output.map((_, i) => {
    const parameter = parameterAt(schema.outputs, i);
    if (!parameter || parameter.option === "mixed") return undefined;
    return bound.get(parameter.type) ?? ownType(node) ?? onlyType(schema, parameter);
  });
}

function onlyType({ variables }: Schema, { type }: Parameter): string | undefined {
  const allowed = variables.get(type);
  if (!allowed) return type;
  return allowed.size === 1 ? [...allowed][0] : undefined;
}

/** What an operator makes whose output's type is not that of an input. */
function ownType(node: NodeProto): string | undefined {
  const value = tensorAttributeOf(node, "value");
  switch (node.opType) {
    case "Cast":
      return typeName(intOf(node, "to") ?? 0);
    case "Constant":
      return value ? typeName(value.dataType) : constantType(node);
    case "ConstantOfShape":
      return value ? typeName(value.dataType) : "float";
    case "QuantizeLinear":
      return typeName(intOf(node, "output_dtype") ?? 0) ?? "uint8";
    default:
      return undefined;
  }
}

function constantType({ attribute }: NodeProto): string | undefined {
  const type = attribute[0]?.name.match(/^value_(float|int|string)/)?.[1];
  return type === "int" ? "int64" : type;
}
