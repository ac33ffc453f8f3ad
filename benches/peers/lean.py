"""As lean as Python gets with Fn's kit and Oracle's SDK: one connection kept alive, one signer, bytes passed as they are.

It keeps to what a function here must keep to: a time limit, no redirect with a signature, no token that has expired,
the model's own status and content type.
"""

import logging
import os

import requests
from fdk import response
from oci.auth.signers import get_resource_principals_signer

# The kit opens the root logger wide: urllib3 would write a line a call.
logging.getLogger("urllib3").setLevel(logging.WARNING)

DEFAULT = os.environ.get("MODEL_DEPLOYMENT")
# No connection within 10 s, no answer within 65 s: as the function has it.
LIMITS = (10, 65)

signer = get_resource_principals_signer()
session = requests.Session()
# What the environment says is read once, here, and not again for each call.
session.trust_env = False
session.verify = os.environ.get("REQUESTS_CA_BUNDLE", True)
session.headers.update({"Content-Type": "application/json"})


def predict(endpoint, body):
    # Reads token and key again only if the token is about to expire.
    signer.get_security_token()
    return session.post(endpoint, data=body, auth=signer, timeout=LIMITS, allow_redirects=False)


def handler(ctx, data=None):
    endpoint = ctx.Headers().get("model_deployment") or DEFAULT
    if endpoint is None:
        return response.Response(ctx, "header `model_deployment` is missing", {"Content-Type": "text/plain"}, 400)
    body = data.getvalue()
    answer = predict(endpoint, body)
    if answer.status_code == 401:
        signer.refresh_security_token()
        answer = predict(endpoint, body)
    headers = {"Content-Type": answer.headers.get("Content-Type", "application/octet-stream")}
    return response.Response(ctx, answer.content, headers, answer.status_code)
