"""Answers requests in a process of one backend: a line ``[module, function, arguments]`` in, its JSON result out."""

import importlib
import io
import json
import os
import sys
import traceback

replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)  # whatever a backend prints at import must not mix with the replies
sys.stdout = io.StringIO()

import keras  # noqa: E402, F401  # once stdout is out of the way; every function that is asked for needs it

for line in sys.stdin:
    module, name, arguments = json.loads(line)
    try:
        reply = {"result": getattr(importlib.import_module(module), name)(**arguments)}
    except BaseException:
        reply = {"error": traceback.format_exc()}
    replies.write(json.dumps(reply) + "\n")
    replies.flush()
