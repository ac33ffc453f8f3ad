"""The tutorial's function, in effect: resource principal by oracle-ads, a fresh signer and a fresh connection per call.

It stands for what users deploy today, so nothing is mended: the answer's status is lost, and a dictionary goes out in
Python's own notation as text/plain. Only the address from the configuration is ours, for calls without the header.
"""

import json

import ads
import requests
from ads.common.auth import default_signer

ads.set_auth("resource_principal")


def handler(ctx, data=None):
    body = json.loads(data.getvalue())
    endpoint = ctx.Headers().get("model_deployment") or ctx.Config()["MODEL_DEPLOYMENT"]
    return requests.post(endpoint, json=body, auth=default_signer()["signer"]).json()
