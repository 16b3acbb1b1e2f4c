#!/usr/bin/env bash
# The steps of action.yml: quantizes, judges and gates. What it is given stands in OCTET_..., as action.yml says.
set -euo pipefail

octet() { node "$GITHUB_ACTION_PATH/cli/octet.mjs" "$@"; }

out="$OCTET_OUT"
mkdir -p "$out"
read -r -a options <<< "$OCTET_QUANTIZE_OPTIONS"
prepared=()
if [ -n "$OCTET_PREPROCESS" ]; then prepared=(--preprocess "$OCTET_PREPROCESS"); fi

octet quantize "$OCTET_MODEL" --data "$OCTET_DATA" "${prepared[@]}" --samples "$OCTET_SAMPLES" \
  --out "$out" --json "${options[@]}" > "$out/quantize.json"
name() { node -p "JSON.parse(require('fs').readFileSync(process.argv[1], 'utf8')).$1" "$out/quantize.json"; }
quantized="$out/$(name 'files[0].name')"
report="$out/$(name 'model.name').report.json"

judged=(--data "$OCTET_DATA" --skip "$OCTET_SAMPLES")
if [ -n "$OCTET_JUDGE" ]; then judged=(--data "$OCTET_JUDGE"); fi
if [ -n "$OCTET_LABELS" ]; then judged+=(--labels "$OCTET_LABELS"); fi
# 1 says that a limit of evaluate's own was passed: the rules decide.
octet evaluate "$OCTET_MODEL" "$quantized" "${judged[@]}" "${prepared[@]}" --json > "$out/evaluation.json" || [ $? -eq 1 ]

code=0
octet gate "$report" --rules "$OCTET_RULES" --evaluation "$out/evaluation.json" \
  --junit "$out/gate.xml" --markdown "$out/gate.md" || code=$?
if [ -f "$out/gate.md" ]; then cat "$out/gate.md" >> "$GITHUB_STEP_SUMMARY"; fi
printf 'model=%s\njunit=%s\n' "$quantized" "$out/gate.xml" >> "$GITHUB_OUTPUT"
exit "$code"
