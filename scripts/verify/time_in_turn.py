"""Times ONNX files in turn on one sample: rounds in which each runs twice on one thread and the lesser counts, each
round beginning with another file, every second the other way round. Up to 300 rounds, fewer when they take more than SECONDS.

    time_in_turn.py JUDGE.npz SECONDS FILE FILE...

Of the archive, whose arrays are named "INDEX|INPUT", the first sample is taken. Prints one JSON list: of each file its milliseconds, a round each.
"""
import json, sys, time
import numpy as np
import onnxruntime as ort

archive, seconds, *paths = sys.argv[1:]
arrays = np.load(archive)
sample = {name.split("|", 1)[1]: arrays[name] for name in arrays.files if name.split("|", 1)[0] == "0"}
options = ort.SessionOptions()
options.intra_op_num_threads = 1
options.log_severity_level = 3
sessions = [ort.InferenceSession(path, options, providers=["CPUExecutionProvider"]) for path in paths]
feeds = [{each.name: sample[each.name] for each in session.get_inputs() if each.name in sample} for session in sessions]


def run(at):
    start = time.perf_counter()
    sessions[at].run(None, feeds[at])
    return 1e3 * (time.perf_counter() - start)


count = len(sessions)
for _ in range(5):
    for at in range(count):
        run(at)
times = [[] for _ in sessions]
start = time.perf_counter()
for turn in range(300):
    if turn >= 3 and time.perf_counter() - start >= float(seconds):
        break
    for step in range(count):
        at = (turn + (step if turn % 2 == 0 else count - step)) % count
        times[at].append(min(run(at), run(at)))
print(json.dumps(times))
