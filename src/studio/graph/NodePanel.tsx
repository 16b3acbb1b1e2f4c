import type { Block, Part } from "../../../workers/protocol.ts";
import { plural } from "../../engine/values/figures.ts";
import { actions } from "../state/store.ts";
import { useView } from "../state/useStudio.ts";
import { BlockFacts, NodeFacts } from "./NodeFacts.tsx";
import { allBlocks, blocksAround } from "./shown.ts";
import type { Topology } from "./topology.ts";
import type { Focusing } from "./useFocus.ts";

interface Props {
  readonly topology: Topology;
  readonly parts: readonly Part[];
  readonly open: ReadonlySet<string>;
  readonly focusing: Focusing;
}

/** What is selected in a graph: a block and what is in it, or a node with its attributes, constants and tensors. */
export function NodePanel({ topology, parts, open, focusing: { focus, setFocus } }: Props) {
  const layer = useView((view) => view.layer);
  const of = focus?.of ?? "float";
  const id = focus?.id ?? layer;
  const block = allBlocks(parts).find((block) => block.id === id) ?? null;
  const node = id === null || block ? undefined : topology.indexOf.get(id);
  const around = block
    ? aroundBlock(parts, block)
    : node === undefined || of !== "float"
      ? []
      : blocksAround(parts, node);
  return (
    <div className="node-panel" data-testid="node-panel">
      {around.length > 0 ? (
        <ul className="node-around" aria-label="Blocks around it">
          {around.map(({ id, name, nodes }) => (
            <li key={id}>
              <span title={name}>
                in {name}, {plural(nodes.length, "layer")}
              </span>
              <button
                type="button"
                className="button"
                aria-label={`${open.has(id) ? "Close" : "Open"} ${name}`}
                onClick={() => {
                  const others = new Set(open);
                  if (!others.delete(id)) others.add(id);
                  actions.blocksOpened(others);
                }}
              >
                {open.has(id) ? "Close" : "Open"}
              </button>
            </li>
          ))}
        </ul>
      ) : null}
      {block ? (
        <BlockFacts
          block={block}
          topology={topology}
          onOpen={() => {
            actions.blocksOpened(new Set([...open, block.id]));
            setFocus(null);
          }}
        />
      ) : id === null ? (
        <p className="muted">Choose a node to see its attributes, constants and tensors.</p>
      ) : (
        <NodeFacts key={`${of} ${id}`} id={id} of={of} />
      )}
    </div>
  );
}

/** The blocks around a block. */
function aroundBlock(parts: readonly Part[], block: Block): readonly Block[] {
  return blocksAround(parts, block.nodes[0]!).filter(({ nodes }) => nodes.length > block.nodes.length);
}
