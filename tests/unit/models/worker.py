"""Read ``[function, arguments]`` lines, run that function of ``facts``, write its result as JSON."""

import importlib
import io
import json
import os
import sys
import traceback

replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)  # whatever a backend prints at import must not mix with the replies
sys.stdout = io.StringIO()

facts = importlib.import_module("facts")  # imports Keras, once stdout is out of the way

for line in sys.stdin:
    name, arguments = json.loads(line)
    try:
        reply = {"result": getattr(facts, name)(**arguments)}
    except BaseException:
        reply = {"error": traceback.format_exc()}
    replies.write(json.dumps(reply) + "\n")
    replies.flush()
