#!/usr/bin/env python3
"""An alert script as people have them for SmokePing: it takes argv apart and would publish a JSON."""
import json
import os
import sys

name, target, loss, rtt, host = sys.argv[1:6]
edge = {"1": "raised", "0": "cleared"}.get(sys.argv[6]) if len(sys.argv) > 6 else None
losses = [word.strip() for word in loss.split(":", 1)[1].split(",")]
links = [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{fd}")]
print(json.dumps({"alert": name, "target": target, "losses": losses, "rtt": rtt, "host": host, "edge": edge,
                  "comment": os.environ.get("SMOKEPROBE_COMMENT"), "links": links}))
