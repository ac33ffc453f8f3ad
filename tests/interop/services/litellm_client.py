"""LiteLLM's own signatures against the emulated service."""

import configparser
import json
import os

import litellm

config = configparser.ConfigParser()
config.read(os.environ["CONFIG"])
profile = config.defaults()
own = {
    "api_base": os.environ["INFERENCE"],
    "oci_user": profile["user"],
    "oci_fingerprint": profile["fingerprint"],
    "oci_tenancy": profile["tenancy"],
    "oci_key_file": profile["key_file"],
    "oci_region": profile["region"],
    "oci_compartment_id": os.environ["COMPARTMENT"],
    "timeout": 30,
    "max_retries": 0,
}
messages = [{"role": "user", "content": "Grüße 🌸"}]
chat = litellm.completion(model="oci/xai.grok-4.3", messages=messages, **own)
chunks = list(litellm.completion(model="oci/xai.grok-4.3", messages=messages, stream=True, **own))
cohere = litellm.completion(model="oci/cohere.command-a-03-2025", messages=messages, **own)
embeddings = litellm.embedding(model="oci/cohere.embed-v4.0", input=["one", "two"], **own)
try:
    litellm.completion(model="oci/xai.grok-0", messages=messages, **own)
    refused = None
except litellm.NotFoundError as error:
    refused = error.status_code

print(
    json.dumps(
        {
            "chat": [chat.choices[0].message.content, chat.usage.total_tokens],
            "streamed": "".join(chunk.choices[0].delta.content or "" for chunk in chunks),
            "cohere": cohere.choices[0].message.content,
            "dimensions": [len(one["embedding"]) for one in embeddings.data],
            "refused": refused,
        }
    )
)
