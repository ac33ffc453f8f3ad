"""OCI's client on top of OpenAI's against the emulated service: as a user, and as a resource principal."""

import json
import os

import openai
from oci_openai import OciOpenAI, OciResourcePrincipalAuth, OciUserPrincipalAuth

COMPARTMENT, ENDPOINT = os.environ["COMPARTMENT"], os.environ["INFERENCE"]
user = OciUserPrincipalAuth(config_file=os.environ["CONFIG"])
messages = [{"role": "user", "content": "Grüße 🌸"}]
model = "openai.gpt-oss-120b"


def client(auth=user, **options):
    options.setdefault("service_endpoint", ENDPOINT)
    options.setdefault("compartment_id", COMPARTMENT)
    options.setdefault("max_retries", 0)
    return OciOpenAI(auth=auth, timeout=30, **options)


def chat(own):
    return own.chat.completions.create(model=model, messages=messages).choices[0].message.content


def refused(call):
    try:
        call()
    except openai.APIStatusError as error:
        return [error.status_code, error.code]
    raise AssertionError("it did not fail")


def interrupted(own):
    try:
        for _ in own.chat.completions.create(model=model, messages=messages, stream=True):
            pass
    except openai.APIError as error:
        return error.message
    raise AssertionError("it did not fail")


own = client()
# The service was told how to answer the first three.
interruption = interrupted(own)
pieces = own.chat.completions.create(model=model, messages=messages, stream=True)
in_pieces = "".join(chunk.choices[0].delta.content or "" for chunk in pieces)
throttled = chat(client(max_retries=1))
chunks = list(own.chat.completions.create(model=model, messages=messages, stream=True, stream_options={"include_usage": True}))
response = own.responses.create(model=model, input="Hello")
with own.responses.stream(model=model, input="Hello") as stream:
    streamed_types = sorted({event.type for event in stream})
    streamed = stream.get_final_response().output_text

print(
    json.dumps(
        {
            "chat": chat(own),
            "older": chat(client(service_endpoint=f"{ENDPOINT}/20231130")),
            "actions": chat(client(base_url=f"{ENDPOINT}/20231130/actions/v1")),
            "principal": chat(client(auth=OciResourcePrincipalAuth())),
            "streamed": "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices),
            "used": chunks[-1].usage.total_tokens,
            "response": response.output_text,
            "streamed_response": streamed,
            "streamed_types": streamed_types,
            "models": refused(own.models.list),
            "embeddings": refused(lambda: own.embeddings.create(model="cohere.embed-v4.0", input="Hello")),
            "unknown": refused(lambda: own.chat.completions.create(model="xai.grok-0", messages=messages)),
            "compartment": refused(lambda: chat(client(compartment_id="ocid1.compartment.oc1..other"))),
            "interrupted": interruption,
            "in_pieces": in_pieces,
            "throttled": throttled,
        }
    )
)
