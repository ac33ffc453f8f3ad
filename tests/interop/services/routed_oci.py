"""OCI's clients on top of OpenAI's through gateway and function: a bearer token in place of their signers."""

import asyncio
import json
import os

import httpx
import openai
from oci_genai_auth import HttpxOciAuth
from oci_openai import AsyncOciOpenAI, OciOpenAI

GATEWAY, TOKEN = os.environ["GATEWAY"], os.environ["TOKEN"]
PROJECT, COMPARTMENT = os.environ["PROJECT"], os.environ["COMPARTMENT"]
messages = [{"role": "user", "content": "Grüße 🌸"}]
model = "xai.grok-4.3"


class BearerAuth(httpx.Auth):
    def __init__(self, token):
        self.token = token

    def auth_flow(self, request):
        request.headers["Authorization"] = f"Bearer {self.token}"
        yield request


# As on the page about Generative AI.
class Bearer:
    def __init__(self, token):
        self.token = token

    def do_request_sign(self, request):
        request.headers["Authorization"] = f"Bearer {self.token}"


class GatewayAuth(HttpxOciAuth):
    def __init__(self, fetch_token):
        self.fetch_token = fetch_token
        super().__init__(Bearer(fetch_token()))

    def _refresh_signer(self):
        self.signer = Bearer(self.fetch_token())


def oci_openai(alias="chat", of=OciOpenAI, token=TOKEN, compartment=COMPARTMENT, **options):
    auth, base_url = BearerAuth(token), f"{GATEWAY}/{alias}/v1"
    return of(auth=auth, base_url=base_url, compartment_id=compartment, max_retries=0, timeout=30, **options)


def text(chunks):
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def chat(own, **options):
    return own.chat.completions.create(model=model, messages=messages, **options)


async def asynchronous():
    return (await chat(oci_openai(of=AsyncOciOpenAI))).choices[0].message.content


def refused(call):
    try:
        call()
    except openai.APIStatusError as error:
        return error.status_code
    raise AssertionError("it did not fail")


fetched = []


def fetch_token():
    fetched.append(TOKEN if fetched else "expired")
    return fetched[-1]


http = httpx.Client(auth=GatewayAuth(fetch_token))
options = {"api_key": "unused", "http_client": http, "max_retries": 0, "timeout": 30}
chats = openai.OpenAI(base_url=f"{GATEWAY}/chat/v1", **options)
own = openai.OpenAI(base_url=f"{GATEWAY}/llm/v1", project=PROJECT, **options)
other = OciOpenAI(auth=GatewayAuth(lambda: TOKEN), base_url=f"{GATEWAY}/chat/v1", compartment_id=COMPARTMENT)
seen = {
    "oci_openai_renewing": chat(other).choices[0].message.content,
    "genai_auth": chat(chats).choices[0].message.content,
    "genai_auth_streamed": text(chat(chats, stream=True)),
}
first = own.responses.create(model=model, input="one")
seen["genai_auth_second"] = own.responses.create(model=model, input="two", previous_response_id=first.id).output_text

print(
    json.dumps(
        seen
        | {
            "oci_openai": chat(oci_openai()).choices[0].message.content,
            "oci_openai_streamed": text(chat(oci_openai(), stream=True)),
            "oci_openai_async": asyncio.run(asynchronous()),
            "oci_openai_response": oci_openai("llm", project=PROJECT).responses.create(model=model, input="Hello").output_text,
            "other_compartment": refused(lambda: chat(oci_openai(compartment="ocid1.compartment.oc1..other"))),
            "tokens": len(fetched),
            "stranger": refused(lambda: chat(oci_openai(token="nobody"))),
        }
    )
)
