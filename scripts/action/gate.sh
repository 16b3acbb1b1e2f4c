#!/usr/bin/env bash
# The steps of action.yml: quantizes, judges and gates. What it is given stands in OCTET_..., as action.yml says.
set -euo pipefail

octet() { node "$GITHUB_ACTION_PATH/cli/octet.mjs" "$@"; }

out="$OCTET_OUT"
mkdir -p "$out"
# No list is ever empty: the bash of macOS, 3.2, calls one that is unbound.
made=(--data "$OCTET_DATA")
if [ -n "$OCTET_PREPROCESS" ]; then made+=(--preprocess "$OCTET_PREPROCESS"); fi
# Separated by spaces or, in YAML of several lines, by line breaks; without globs.
set -f
for option in $OCTET_QUANTIZE_OPTIONS; do made+=("$option"); done
set +f

octet quantize "$OCTET_MODEL" "${made[@]}" --samples "$OCTET_SAMPLES" --out "$out" --json > "$out/quantize.json"
name() { node -p "JSON.parse(require('fs').readFileSync(process.argv[1], 'utf8')).$1" "$out/quantize.json"; }
quantized="$out/$(name 'files[0].name')"
report="$out/$(name 'model.name').report.json"

judged=(--data "$OCTET_DATA" --skip "$OCTET_SAMPLES")
if [ -n "$OCTET_JUDGE" ]; then judged=(--data "$OCTET_JUDGE"); fi
if [ -n "$OCTET_LABELS" ]; then judged+=(--labels "$OCTET_LABELS"); fi
if [ -n "$OCTET_PREPROCESS" ]; then judged+=(--preprocess "$OCTET_PREPROCESS"); fi
# 1 says that a limit of evaluate's own was passed: the rules decide.
octet evaluate "$OCTET_MODEL" "$quantized" "${judged[@]}" --json > "$out/evaluation.json" || [ $? -eq 1 ]

code=0
octet gate "$report" --rules "$OCTET_RULES" --evaluation "$out/evaluation.json" \
  --junit "$out/gate.xml" --markdown "$out/gate.md" || code=$?
if [ -f "$out/gate.md" ]; then cat "$out/gate.md" >> "$GITHUB_STEP_SUMMARY"; fi
printf 'model=%s\njunit=%s\n' "$quantized" "$out/gate.xml" >> "$GITHUB_OUTPUT"
exit "$code"
