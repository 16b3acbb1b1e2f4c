"""Reads names of model files, a line each, and prints for each whether onnx.checker refuses it, in the same order."""
import sys

import onnx

for line in sys.stdin:
    try:
        onnx.checker.check_model(onnx.load(line.rstrip("\n"), load_external_data=False), full_check=True)
        print("accepts")
    except Exception as error:
        print("refuses", " ".join(str(error).split())[:200])
