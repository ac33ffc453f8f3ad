"""Oracle's Python SDK against the emulated services: the configuration and the endpoints are those of the environment."""

import json
import os

import oci
from oci.ai_language import models as language
from oci.generative_ai_inference import models as ai
from oci.queue import models as queue

COMPARTMENT = os.environ["COMPARTMENT"]
NAME = "a/b c+ü.txt"


def client(kind, endpoint, **options):
    options.setdefault("retry_strategy", oci.retry.NoneRetryStrategy())
    return kind(oci.config.from_file(os.environ["CONFIG"]), service_endpoint=os.environ[endpoint], **options)


def status(call, *arguments, **options):
    """The status and code of a call that has to fail."""
    try:
        call(*arguments, **options)
    except oci.exceptions.ServiceError as error:
        return [error.status, error.code]
    raise AssertionError("it did not fail")


def on_demand(model):
    return ai.OnDemandServingMode(model_id=model)


def generative_ai():
    inference = client(oci.generative_ai_inference.GenerativeAiInferenceClient, "INFERENCE")
    message = ai.UserMessage(content=[ai.TextContent(text="Grüße 🌸")])
    request = ai.GenericChatRequest(messages=[message])

    def details(**more):
        return ai.ChatDetails(compartment_id=COMPARTMENT, serving_mode=on_demand("xai.grok-4.3"), chat_request=request, **more)

    chat = inference.chat(details()).data.chat_response
    request.is_stream = True
    events = [json.loads(event.data) for event in inference.chat(details()).data.events() if event.data != "[DONE]"]
    cohere = ai.ChatDetails(
        compartment_id=COMPARTMENT,
        serving_mode=on_demand("cohere.command-a-03-2025"),
        chat_request=ai.CohereChatRequest(message="Hello"),
    )
    embed = ai.EmbedTextDetails(
        compartment_id=COMPARTMENT, serving_mode=on_demand("cohere.embed-v4.0"), inputs=["one", "two"], output_dimensions=256
    )
    rerank = ai.RerankTextDetails(
        compartment_id=COMPARTMENT,
        serving_mode=on_demand("cohere.rerank-v3.5"),
        input="red fox",
        documents=["a dog", "a red fox"],
        is_echo=True,
    )
    guardrails = ai.ApplyGuardrailsDetails(
        compartment_id=COMPARTMENT,
        input=ai.GuardrailsTextInput(content="Mail jane@example.com"),
        guardrail_configs=ai.GuardrailConfigs(
            personally_identifiable_information_config=ai.PersonallyIdentifiableInformationConfiguration(types=["EMAIL"]),
            prompt_injection_config=ai.PromptInjectionConfiguration(),
        ),
    )
    results = inference.apply_guardrails(guardrails).data.results
    management = client(oci.generative_ai.GenerativeAiClient, "GENERATIVE_AI")
    request.is_stream = False
    ranks = inference.rerank_text(rerank).data.document_ranks
    return {
        "chat": [chat.choices[0].message.content[0].text, chat.choices[0].finish_reason, chat.usage.total_tokens],
        "streamed": "".join(event["message"]["content"][0]["text"] for event in events if "message" in event),
        "cohere": inference.chat(cohere).data.chat_response.text,
        "dimensions": [len(vector) for vector in inference.embed_text(embed).data.embeddings],
        "ranks": [[rank.index, rank.relevance_score, rank.document.text] for rank in ranks],
        "found": [[one.label, one.text] for one in results.personally_identifiable_information],
        "injection": results.prompt_injection.score,
        "versions": [version.state for version in inference.list_guardrail_versions(COMPARTMENT).data.items],
        "models": [model.display_name for model in management.list_models(COMPARTMENT).data.items],
        "elsewhere": status(management.list_models, "ocid1.compartment.oc1..other"),
    }


def object_storage():
    storage = client(oci.object_storage.ObjectStorageClient, "OBJECT_STORAGE")
    namespace = storage.get_namespace().data
    bytes_of = bytes(range(256)) * 20480
    storage.put_object(namespace, "models", NAME, bytes_of, opc_meta={"of": "test"})
    storage.put_object(namespace, "models", "empty", b"")
    whole = storage.get_object(namespace, "models", NAME)
    part = storage.get_object(namespace, "models", NAME, range="bytes=250-259")
    head = storage.head_object(namespace, "models", NAME).headers
    listed = storage.list_objects(namespace, "models", fields="name,size").data.objects
    storage.delete_object(namespace, "models", NAME)
    return {
        "equal": whole.data.content == bytes_of,
        "part": list(part.data.content),
        "range": part.headers["content-range"],
        "head": [head["content-length"], head["opc-meta-of"], head["etag"] == whole.headers["etag"]],
        "listed": [[one.name, one.size] for one in listed],
        "deleted": status(storage.get_object, namespace, "models", NAME),
    }


def languages():
    service = client(oci.ai_language.AIServiceLanguageClient, "LANGUAGE")
    documents = [language.TextDocument(key="1", text="Oracle is great", language_code="en")]
    sentiments = language.BatchDetectLanguageSentimentsDetails(documents=documents, compartment_id=COMPARTMENT)
    entities = language.BatchDetectLanguageEntitiesDetails(documents=documents, compartment_id=COMPARTMENT)
    translation = language.BatchLanguageTranslationDetails(
        documents=[language.TextDocument(key="1", text="Hello world", language_code="en")], target_language_code="es"
    )
    return {
        "sentiment": service.batch_detect_language_sentiments(sentiments).data.documents[0].document_sentiment,
        "entities": [one.text for one in service.batch_detect_language_entities(entities).data.documents[0].entities],
        "translated": service.batch_language_translation(translation).data.documents[0].translated_text,
    }


def secrets():
    service = client(oci.secrets.SecretsClient, "SECRETS")
    return {
        "by_id": service.get_secret_bundle(os.environ["SECRET"]).data.secret_bundle_content.content,
        "by_name": service.get_secret_bundle_by_name("password", os.environ["VAULT"]).data.version_number,
        "versions": [one.stages for one in service.list_secret_bundle_versions(os.environ["SECRET"]).data],
        "missing": status(service.get_secret_bundle, os.environ["SECRET"] + "0"),
    }


def queues():
    service, own = client(oci.queue.QueueClient, "QUEUE_ENDPOINT"), os.environ["QUEUE"]
    entries = [queue.PutMessagesDetailsEntry(content=text) for text in ("one", "two")]
    put = service.put_messages(own, queue.PutMessagesDetails(messages=entries)).data.messages
    got = service.get_messages(own, limit=2).data.messages
    service.update_message(own, got[0].receipt, queue.UpdateMessageDetails(visibility_in_seconds=60))
    service.delete_message(own, got[0].receipt)
    deletions = [queue.DeleteMessagesDetailsEntry(receipt=one.receipt) for one in got]
    deleted = service.delete_messages(own, queue.DeleteMessagesDetails(entries=deletions)).data
    return {
        "put": [one.id for one in put],
        "got": [one.content for one in got],
        "failures": deleted.client_failures,
        "left": service.get_stats(own).data.queue.size_in_bytes,
    }


print(
    json.dumps(
        {
            "generative_ai": generative_ai(),
            "object_storage": object_storage(),
            "language": languages(),
            "secrets": secrets(),
            "queue": queues(),
        }
    )
)
