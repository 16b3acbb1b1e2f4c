"""Inference alone with the peer's own reader and session, for its memory without calibration. Prints one JSON line.

    peer_inference.py ORT_QUANTIZE MODEL DATA PRESET SAMPLES
"""
import json, os, resource, sys, time

tool, path, data, preset, samples = sys.argv[1:]
with open(tool) as source:
    exec(source.read().rsplit("main()", 1)[0])

files = sorted(f for f in os.listdir(data) if f.lower().endswith((".jpg", ".jpeg", ".png")))[: int(samples)]
start = time.perf_counter()
run = session(path, 2)
name = run.get_inputs()[0].name
for file in files:
    run.run(None, {name: load(os.path.join(data, file), PRESETS[preset])})
seconds = time.perf_counter() - start
print(json.dumps(dict(seconds=seconds, peak_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)))
