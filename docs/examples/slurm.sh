#!/bin/bash
# Calibrates in parts on the machines of a Slurm cluster, a task of a job array each, and merges them in a job that waits for all.
#   bash slurm.sh SHARDS OUT MODEL --data PATH [options of octet calibrate]
# SHARDS is the number of parts. OUT, MODEL and PATH mean the same on every machine, and octet is on the PATH of each. What sbatch asks for
# beside (partition, account, memory, time) comes from its own variables: SBATCH_PARTITION, SBATCH_ACCOUNT, SBATCH_MEM_PER_NODE, SBATCH_TIMELIMIT.
# Prints the number of the job that merges. A task that is killed or whose machine is lost runs again; one that fails cancels the merge.
set -euo pipefail

if [[ ${1-} == shard ]]; then
  shards=$2 out=$3
  shift 3
  exec octet calibrate "$@" --shard "$SLURM_ARRAY_TASK_ID/$shards" --out "$out/shards"
elif [[ ${1-} == merge ]]; then
  shards=$2 out=$3
  exec octet merge "$out"/shards/*-of-"$shards".shard.json --out "$out"
fi

shards=$1 out=$2
shift 2
mkdir -p "$out"
each=(--parsable --cpus-per-task=1 --requeue --open-mode=append)
array=$(sbatch "${each[@]}" --job-name=octet-shard --array="1-$shards" --output="$out/shard-%a.log" "$0" shard "$shards" "$out" "$@")
sbatch "${each[@]}" --job-name=octet-merge --dependency="afterok:$array" --kill-on-invalid-dep=yes --output="$out/merge.log" "$0" merge "$shards" "$out"
