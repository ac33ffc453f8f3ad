"""OpenAI's client with OCI's signatures against the emulated service: all that a project keeps."""

import io
import json
import os

import httpx
import openai
from oci_genai_auth import OciUserPrincipalAuth

PROJECT, COMPARTMENT = os.environ["PROJECT"], os.environ["COMPARTMENT"]
BYTES = b"\r\n--frontier\r\n\xff\x00 the quick brown fox"
model = "xai.grok-4.3"


def client(base_url, project=PROJECT):
    http = httpx.Client(auth=OciUserPrincipalAuth(config_file=os.environ["CONFIG"]), headers={"opc-compartment-id": COMPARTMENT})
    return openai.OpenAI(base_url=base_url, api_key="unused", project=project, http_client=http, max_retries=0, timeout=30)


def refused(call):
    try:
        call()
    except openai.APIStatusError as error:
        return error.status_code
    raise AssertionError("it did not fail")


own = client(os.environ["INFERENCE"] + "/openai/v1")
other = client(os.environ["INFERENCE"] + "/openai/v1", os.environ["OTHER_PROJECT"])


def responses():
    first = own.responses.create(model=model, input="one", metadata={"of": "test"})
    second = own.responses.create(model=model, input="two", previous_response_id=first.id)
    items = own.responses.input_items.list(first.id).data
    compacted = own.responses.compact(model=model, input="three", previous_response_id=first.id)
    background = own.responses.create(model=model, input="four", background=True)
    seen = {
        "second": second.output_text,
        "read": own.responses.retrieve(first.id).output_text,
        "items": [item.content[0].text for item in items],
        "compacted": compacted.output[-1].type,
        "cancelled": own.responses.cancel(background.id).status,
        "elsewhere": refused(lambda: other.responses.retrieve(first.id)),
        "untyped": refused(lambda: own.responses.create(model=model, input=[{"role": "user", "content": "Hello"}])),
    }
    own.responses.delete(first.id)
    return seen | {"deleted": refused(lambda: own.responses.retrieve(first.id))}


def conversations():
    message = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "one"}]}
    conversation = own.conversations.create(metadata={"of": "test"}, items=[message])
    response = own.responses.create(model=model, input="two", conversation=conversation.id)
    items = list(own.conversations.items.list(conversation.id, order="asc", limit=2))
    changed = own.conversations.update(conversation.id, metadata={"of": "another"})
    read = own.conversations.items.retrieve(items[0].id, conversation_id=conversation.id)
    return {
        "response": response.output_text,
        "roles": [item.role for item in items],
        "changed": changed.metadata,
        "item": read.content[0].text,
        "elsewhere": refused(lambda: other.conversations.retrieve(conversation.id)),
        "deleted": own.conversations.delete(conversation.id).deleted,
    }


def files():
    file = own.files.create(file=("fox.bin", io.BytesIO(BYTES)), purpose="assistants")
    return {
        "bytes": file.bytes,
        "equal": own.files.content(file.id).read() == BYTES,
        "listed": [one.id == file.id for one in own.files.list()],
        "elsewhere": [one.id for one in other.files.list()],
        "deleted": own.files.delete(file.id).deleted,
    }


def vector_stores():
    management = client(os.environ["GENERATIVE_AI"] + "/20231130/openai/v1")
    store = management.vector_stores.create(name="animals")
    texts = {"fox": b"a quick fox", "dog": b"a dog"}
    made = {name: own.files.create(file=(name, io.BytesIO(text)), purpose="assistants").id for name, text in texts.items()}
    added = own.vector_stores.files.create(store.id, file_id=made["fox"], attributes={"wild": True})
    batch = own.vector_stores.file_batches.create(store.id, file_ids=[made["dog"]])
    content = own.vector_stores.files.content(made["fox"], vector_store_id=store.id)
    return {
        "added": added.status,
        "batch": [batch.file_counts.completed, own.vector_stores.file_batches.retrieve(batch.id, vector_store_id=store.id).status],
        "found": [one.filename for one in own.vector_stores.search(store.id, query="a quick cat")],
        "content": [one.text for one in content],
        "counted": management.vector_stores.retrieve(store.id).file_counts.total,
        "removed": own.vector_stores.files.delete(made["dog"], vector_store_id=store.id).deleted,
        "deleted": management.vector_stores.delete(store.id).deleted,
    }


def containers():
    container = own.containers.create(name="sums")
    file = own.containers.files.create(container.id, file=("fox.bin", io.BytesIO(BYTES)))
    seen = {
        "path": file.path,
        "equal": own.containers.files.content.retrieve(file.id, container_id=container.id).read() == BYTES,
        "listed": [one.name for one in own.containers.list()],
    }
    own.containers.files.delete(file.id, container_id=container.id)
    own.containers.delete(container.id)
    return seen | {"deleted": refused(lambda: own.containers.retrieve(container.id))}


print(
    json.dumps(
        {
            "responses": responses(),
            "conversations": conversations(),
            "files": files(),
            "vector_stores": vector_stores(),
            "containers": containers(),
        }
    )
)
