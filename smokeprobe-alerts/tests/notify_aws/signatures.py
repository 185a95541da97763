"""Signs requests as botocore does: JSON in, their Authorization headers out."""
import base64
import datetime
import json
import sys

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def sign(case):
    now = datetime.datetime.fromtimestamp(case["time"], datetime.timezone.utc)
    botocore.auth.get_current_datetime = lambda *_, **__: now.replace(tzinfo=None)
    request = AWSRequest(
        method=case["method"], url=case["url"], headers=case["headers"], data=base64.b64decode(case["body"])
    )
    keys = Credentials(case["id"], case["secret"], case["token"])
    botocore.auth.SigV4Auth(keys, case["service"], case["region"]).add_auth(request)
    return request.headers["Authorization"]


json.dump([sign(case) for case in json.load(sys.stdin)], sys.stdout)
