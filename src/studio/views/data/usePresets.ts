import { useEffect, useState } from "react";
import { PRESETS, type Preprocess, type Preset } from "../../../engine/model/preprocess.ts";
import type { Presets } from "../../presets.ts";
import { useProject } from "../../state/useStudio.ts";
import { engine } from "../../state/workers.ts";

const NONE: Presets = new Map();

/** What the presets come to for the open model and data; empty until the engine has said so. */
export function usePresets(): Presets {
  const data = useProject((project) => project.data);
  const [presets, setPresets] = useState(NONE);
  useEffect(() => {
    let wanted = true;
    setPresets(NONE);
    if (data) ask().then((answer) => wanted && setPresets(answer));
    return () => {
      wanted = false;
    };
  }, [data]);
  return presets;
}

async function ask(): Promise<Presets> {
  const answers = await Promise.allSettled(
    PRESETS.map((preset) => engine.ask<Preprocess>((api) => api.preset(preset) as Promise<Preprocess>)),
  );
  const suitable = answers.flatMap((answer, index): [Preset, Preprocess][] =>
    answer.status === "fulfilled" ? [[PRESETS[index]!, answer.value]] : [],
  );
  return new Map(suitable);
}
