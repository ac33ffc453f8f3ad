"""LangChain's models of OCI against the emulated service, called at once, as a stream, and from async code."""

import asyncio
import json
import os
import warnings

from langchain_core.documents import Document
from langchain_core.messages import HumanMessage
from langchain_oci import ChatOCIGenAI, ChatOCIOpenAI, OCIGenAIEmbeddings
from langchain_oci.document_compressors.oci_generative_ai_rerank import OCIGenAIRerank
from oci_openai import OciUserPrincipalAuth

CONFIG, COMPARTMENT, ENDPOINT = os.environ["CONFIG"], os.environ["COMPARTMENT"], os.environ["INFERENCE"]
own = {"compartment_id": COMPARTMENT, "service_endpoint": ENDPOINT, "auth_file_location": CONFIG}
messages = [HumanMessage("Grüße 🌸")]


def native(model, **options):
    return ChatOCIGenAI(model_id=model, **own, **options)


def text(message):
    content = message.content
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


async def from_async_code(model):
    whole = await model.ainvoke(messages)
    return [text(whole), "".join([text(chunk) async for chunk in model.astream(messages)])]


grok = native("xai.grok-4.3", provider="generic")
cohere = native("cohere.command-a-03-2025", provider="cohere")
responses = ChatOCIOpenAI(
    auth=OciUserPrincipalAuth(config_file=CONFIG),
    compartment_id=COMPARTMENT,
    model="openai.gpt-oss-120b",
    service_endpoint=ENDPOINT,
    conversation_store_id="store",
)
chats = ChatOCIOpenAI(
    auth=OciUserPrincipalAuth(config_file=CONFIG),
    compartment_id=COMPARTMENT,
    model="openai.gpt-oss-120b",
    service_endpoint=ENDPOINT,
    use_responses_api=False,
)
embeddings = OCIGenAIEmbeddings(model_id="cohere.embed-v4.0", output_dimensions=256, **own)
reranker = OCIGenAIRerank(model_id="cohere.rerank-v3.5", top_n=1, **own)
documents = [Document("a dog"), Document("a red fox")]
with warnings.catch_warnings(record=True) as warned:
    warnings.simplefilter("always")
    renamed = text(native("openai.gpt-5.2", provider="generic", model_kwargs={"max_tokens": 2}).invoke(messages))

print(
    json.dumps(
        {
            "generic": text(grok.invoke(messages)),
            "generic_streamed": "".join(text(chunk) for chunk in grok.stream(messages)),
            "generic_async": asyncio.run(from_async_code(grok)),
            "cohere": text(cohere.invoke(messages)),
            "cohere_streamed": "".join(text(chunk) for chunk in cohere.stream(messages)),
            "responses": text(responses.invoke(messages)),
            "responses_streamed": "".join(text(chunk) for chunk in responses.stream(messages)),
            "chats": text(chats.invoke(messages)),
            "renamed": [renamed, any("maxTokens" in str(one.message) for one in warned)],
            "dimensions": [len(vector) for vector in embeddings.embed_documents(["one", "two"])],
            "first": [one.page_content for one in reranker.compress_documents(documents, "red fox")],
        }
    )
)
