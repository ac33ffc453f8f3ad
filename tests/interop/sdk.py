"""Oracle's Python SDK, asked by `tests/suite/interop.rs`.

sdk.py compare        reads a signed request a line from stdin: does the SDK sign it the same, and does it verify ours?
sdk.py predict URL    signs a call as the resource principal of the environment, sends it, prints status and body
"""

import base64
import json
import sys

import oci
from oci._vendor import requests
from oci._vendor.httpsig_cffi.sign import HeaderSigner
from oci._vendor.httpsig_cffi.verify import HeaderVerifier
from oci.auth.signers import SecurityTokenSigner, get_resource_principals_signer
from oci.signer import Signer, load_private_key


def signer(case):
    """The SDK's signer for an API key or a session token."""
    if case["token"]:
        return SecurityTokenSigner(case["token"], load_private_key(case["key"], None))
    tenancy, user, fingerprint = case["key_id"].split("/")
    return Signer(tenancy, user, fingerprint, None, private_key_content=case["key"])


def attributes(authorization):
    scheme, _, rest = authorization.partition(" ")
    pairs = (pair.split("=", 1) for pair in rest.split('",'))
    return scheme, {name: value.strip('"') for name, value in pairs}


def compare(case):
    body = base64.b64decode(case["body"])
    request = requests.Request(case["method"], case["url"], headers=case["headers"], data=body or None)
    prepared = request.prepare()
    assert prepared.path_url == case["target"], ("target", prepared.path_url)
    signed = signer(case).do_request_sign(prepared, enforce_content_headers=case["sign_body"])
    theirs, ours = attributes(signed.headers["authorization"]), attributes(case["sent"]["authorization"])
    assert theirs == ours, ("authorization", theirs, ours)
    for name in ours[1]["headers"].split():
        if name in ("(request-target)", "host"):
            continue
        assert str(signed.headers[name]) == case["sent"][name], (name, signed.headers[name])
    verifier = HeaderVerifier(
        case["sent"], case["public"], ["date", "(request-target)", "host"],
        method=case["method"], path=case["target"], host=case["sent"]["host"],
    )
    assert verifier.verify(), "the SDK does not verify it"
    broken = dict(case["sent"], date="Thu, 01 Jan 1970 00:00:00 GMT")
    verifier = HeaderVerifier(
        broken, case["public"], method=case["method"], path=case["target"], host=case["sent"]["host"]
    )
    assert not verifier.verify(), "the SDK verifies anything"


def main():
    if sys.argv[1] == "compare":
        compared = 0
        for line in sys.stdin:
            case = json.loads(line)
            try:
                compare(case)
            except AssertionError as difference:
                sys.exit(f"{case['method']} {case['url']}: {difference}")
            compared += 1
        print(compared)
    else:
        answer = requests.post(
            sys.argv[2], data=sys.stdin.buffer.read(), auth=get_resource_principals_signer(),
            headers={"content-type": "application/json"}, timeout=30,
        )
        print(answer.status_code, answer.text)


if __name__ == "__main__":
    assert oci.__version__ == "2.189.0", oci.__version__
    assert HeaderSigner
    main()
