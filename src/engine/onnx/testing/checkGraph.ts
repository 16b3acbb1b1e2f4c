import { isFieldSet } from "@bufbuild/protobuf";
import { subgraphsOf } from "../attributes.ts";
import { type GraphProto, type NodeProto, TypeProto_TensorSchema, type ValueInfoProto } from "../proto/onnx_pb.ts";
import { checkAttribute } from "./checkAttribute.ts";
import { type Check, Scope, typeName, typeOf } from "./checking.ts";
import { checkLinear } from "./checkLinear.ts";
import { checkOperator } from "./checkOperator.ts";
import { checkTensor, checkType } from "./checkTensor.ts";

/**
 * onnx/checker.cc, check_graph: names, types of what goes in and out, initialisers, and that every tensor is made once and
 * before it is read. `outer` is what a subgraph may read beside its own tensors; null in the main graph.
 */
export function checkGraph(graph: GraphProto, outer: Scope | null, check: Check): void {
  if (!graph.name) check.fault("a graph has no name");
  const scope = new Scope(outer);
  for (const info of graph.input) {
    checkInfo(info, "input", outer === null, check);
    if (scope.owns(info.name)) check.fault(`input "${info.name}" is there twice`);
    scope.add(info.name, { type: typeOf(info.type) });
  }
  for (const info of graph.output) checkInfo(info, "output", outer === null, check);
  checkInitializers(graph, scope, check);
  const declared = new Map([...graph.valueInfo, ...graph.output].map(({ name, type }) => [name, typeOf(type)]));
  for (const node of graph.node) checkNode(node, scope, declared, check);
  for (const { name } of graph.output) {
    if (!scope.owns(name)) check.fault(`output "${name}" is made by no layer`);
  }
}

function checkInfo(info: ValueInfoProto, kind: string, isMain: boolean, check: Check): void {
  if (!info.name) {
    check.fault(`an ${kind} has no name`);
    return;
  }
  if (!isMain) return;
  const owner = `${kind} "${info.name}"`;
  const value = info.type?.value;
  if (!value?.case) {
    check.fault(`${owner} has no type`);
    return;
  }
  if (value.case !== "tensorType") return;
  const type = typeName(value.value.elemType);
  if (type === undefined) check.fault(`${owner} has no element type`);
  else checkType(type, owner, check);
  if (!isFieldSet(value.value, TypeProto_TensorSchema.field.shape)) check.fault(`${owner} has no shape`);
}

function checkInitializers(graph: GraphProto, scope: Scope, check: Check): void {
  const seen = new Set<string>();
  const add = (name: string) => {
    if (!name) check.fault("an initialiser has no name");
    if (seen.has(name)) check.fault(`initialiser "${name}" is there twice`);
    if (check.ir < 4 && !scope.owns(name)) check.fault(`initialiser "${name}" is no input, as IR ${check.ir} asks`);
    seen.add(name);
  };
  for (const tensor of graph.initializer) {
    add(tensor.name);
    checkTensor(tensor, check);
    const type = typeName(tensor.dataType);
    const input = scope.owns(tensor.name) ? scope.get(tensor.name)?.type : undefined;
    if (input !== undefined && input !== type) check.fault(`input "${tensor.name}" of ${input} is set to ${type}`);
    scope.add(tensor.name, { type, tensor });
  }
  for (const { values } of graph.sparseInitializer) {
    if (!values) continue;
    add(values.name);
    scope.add(values.name, { type: typeName(values.dataType) });
  }
}

function checkNode(
  node: NodeProto,
  scope: Scope,
  declared: ReadonlyMap<string, string | undefined>,
  check: Check,
): void {
  const owner = `${node.opType} "${node.name || node.output[0]}"`;
  for (const name of node.input) {
    if (name && !scope.get(name)) check.fault(`${owner} reads "${name}", which nothing before it makes`);
  }
  const attributes = new Set<string>();
  for (const attribute of node.attribute) {
    if (attributes.has(attribute.name)) check.fault(`${owner} has the attribute "${attribute.name}" twice`);
    attributes.add(attribute.name);
    checkAttribute(attribute, owner, check);
  }
  const types = checkOperator(node, owner, scope, check);
  if (node.opType === "QuantizeLinear" || node.opType === "DequantizeLinear") checkLinear(node, owner, scope, check);
  for (const subgraph of subgraphsOf(node)) checkGraph(subgraph, scope, check);
  for (const [i, name] of node.output.entries()) {
    if (!name) continue;
    if (scope.get(name)) check.fault(`${owner} makes "${name}", which is there already`);
    const [said, made] = [declared.get(name), types[i]];
    if (said !== undefined && made !== undefined && said !== made) {
      check.fault(`${owner} makes "${name}" of ${made}, and the graph says ${said}`);
    }
    scope.add(name, { type: made ?? said });
  }
}
