import { useEffect, useState } from "react";
import type { Block } from "../../../workers/protocol.ts";
import type { ConstantDetail, NodeDetail, TensorDetail } from "../../engine/model/modelGraph.ts";
import { dimsText } from "../../engine/values/dims.ts";
import { count, interval, plural } from "../../engine/values/figures.ts";
import { Facts } from "../parts/Facts.tsx";
import { PrecisionMark, precisionName } from "../parts/Precision.tsx";
import { type NodeOf, nodeDetail } from "../state/nodes.ts";
import { rowReason } from "../state/rowReason.ts";
import { allRows } from "../state/selection.ts";
import { useProject, useStudio } from "../state/useStudio.ts";
import type { Topology } from "./topology.ts";

const MOST_OPERATORS = 12;

/** What is in a block, most frequent operator first. */
export function BlockFacts({
  block,
  topology,
  onOpen,
}: {
  readonly block: Block;
  readonly topology: Topology;
  readonly onOpen: () => void;
}) {
  const counts = new Map<string, number>();
  for (const node of block.nodes) {
    const { label } = topology.nodes[node]!;
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  const operators = [...counts].sort((a, b) => b[1] - a[1]);
  return (
    <>
      <h2 className="node-name">{block.name}</h2>
      <p className="muted">
        Block of {plural(block.nodes.length, "layer")}
        {block.id.startsWith("repeat ") ? ", a structure that repeats" : ", by names"}
      </p>
      <button type="button" className="button primary" onClick={onOpen}>
        Open the block
      </button>
      <h3>Operators</h3>
      <Facts
        facts={operators.slice(0, MOST_OPERATORS).map(([operator, times]) => ({ key: operator, value: count(times) }))}
      />
      {operators.length > MOST_OPERATORS ? <p className="muted">and {operators.length - MOST_OPERATORS} more</p> : null}
    </>
  );
}

/** A node of one of both models; the float one is told as it is prepared, which is what is quantized. */
export function NodeFacts({ id, of }: { readonly id: string; readonly of: NodeOf }) {
  const recipe = useProject((project) => project.recipe?.present);
  const row = useStudio((state) => (of === "float" ? (allRows(state).find((row) => row.id === id) ?? null) : null));
  const port = useProject(({ model }) => {
    const { inputs = [], outputs = [] } = model?.plan ?? {};
    const named = (kind: string) => (each: { readonly name: string }) => `${kind} ${each.name}` === id;
    return inputs.find(named("input")) ?? outputs.find(named("output")) ?? null;
  });
  const [answer, setAnswer] = useState<{ readonly detail: NodeDetail | null } | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  useEffect(() => {
    if (!recipe || port) return;
    let wanted = true;
    nodeDetail(id, of).then(
      (detail) => wanted && setAnswer({ detail }),
      (error: Error) => wanted && setFailure(error.message),
    );
    return () => {
      wanted = false;
    };
  }, [id, of, recipe, port]);
  const detail = answer?.detail;
  return (
    <>
      <h2 className="node-name" data-testid="node-name">
        {port ? id : (row?.id ?? id)}
      </h2>
      <p className="muted">
        {row ? <PrecisionMark precision={row.precision} /> : null}{" "}
        {[
          port ? (id.startsWith("input ") ? "Input of the model" : "Output of the model") : (detail?.operator ?? ""),
          row && precisionName(row.precision),
          of === "float" ? null : "in the quantized model",
        ]
          .filter(Boolean)
          .join(", ")}
        {detail?.domain ? `, domain ${detail.domain}` : ""}
      </p>
      {row?.reason ? <p className="hint">Stays in float: {rowReason(row)}.</p> : null}
      {port ? (
        <Facts
          facts={[
            { key: "Type", value: port.type },
            { key: "Shape", value: dimsText(port.dims) },
          ]}
        />
      ) : failure ? (
        <p className="failure">{failure}</p>
      ) : !answer ? (
        <div className="skeleton node-waiting" />
      ) : !detail ? (
        <p className="muted">
          It lies in the graph of another node, or quantizing made it part of one; its attributes are not shown.
        </p>
      ) : (
        <>
          <h3>Attributes</h3>
          {detail.attributes.length > 0 ? (
            <Facts facts={detail.attributes.map(({ name, value }) => ({ key: name, value }))} />
          ) : (
            <p className="muted">None are set: ONNX’s defaults hold.</p>
          )}
          <h3>Reads</h3>
          <Tensors tensors={detail.inputs} />
          <h3>Makes</h3>
          <Tensors tensors={detail.outputs} />
        </>
      )}
    </>
  );
}

function Tensors({ tensors }: { readonly tensors: readonly TensorDetail[] }) {
  if (tensors.length === 0) return <p className="muted">Nothing.</p>;
  return (
    <ul className="node-tensors" data-testid="node-tensors">
      {tensors.map(({ name, type, dims, constant }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a node may read a tensor twice, and their order stays
        <li key={index}>
          <span className="node-tensor-name">{name}</span>
          <span className="muted">
            {[type ?? "type not known", dims ? dimsText(dims) : "shape not known", constant ? "constant" : null]
              .filter(Boolean)
              .join(", ")}
          </span>
          {constant ? <Constant constant={constant} /> : null}
        </li>
      ))}
    </ul>
  );
}

function Constant({ constant: { elements, first, range } }: { readonly constant: ConstantDetail }) {
  if (!first) return <span className="muted">{plural(elements, "value")}, of a type whose values are not shown</span>;
  return (
    <>
      <span className="muted">
        {plural(elements, "value")}
        {range && elements > 1 ? `, ${interval(range)}` : ""}
      </span>
      <code className="node-values">
        {first.join(", ")}
        {elements > first.length ? ", …" : ""}
      </code>
    </>
  );
}
