"""Oracle's Python SDK makes, changes and deletes a function in the service that `tests/suite/interop/functions.rs` emulates.

functions.py CONFIG ENDPOINT COMPARTMENT ARCHIVE
"""

import base64
import sys

import oci
from oci.functions import models


def status(call, *arguments, **options):
    """The status and code of a call that has to fail."""
    try:
        call(*arguments, **options)
    except oci.exceptions.ServiceError as error:
        assert error.request_id.startswith("emulated/functions/"), error.request_id
        return error.status, error.code
    raise AssertionError("it did not fail")


def main():
    config, endpoint, compartment, archive = sys.argv[1:]
    client = oci.functions.FunctionsManagementClient(
        oci.config.from_file(config), service_endpoint=endpoint, retry_strategy=oci.retry.NoneRetryStrategy()
    )
    applications = oci.pagination.list_call_get_all_results(client.list_applications, compartment).data
    application = next(known for known in applications if known.display_name == "models")
    assert client.get_application(application.id).data.shape == application.shape == "GENERIC_X86"
    runtimes = client.list_functions_runtimes(language="Go", lifecycle_state="ACTIVE").data.items
    with open(archive, "rb") as file:
        direct = models.CreateDirectArchiveSourceDetails(archive_file=base64.b64encode(file.read()).decode())
    details = models.CreateFunctionDetails(
        display_name="sdk",
        application_id=application.id,
        memory_in_mbs=128,
        timeout_in_seconds=120,
        config={"LOG_LEVEL": "info"},
        freeform_tags={"team": "ml"},
        source_details=models.CreateArchiveFunctionSourceDetails(
            archive_source_details=direct,
            runtime_config=models.CreateFunctionUpdateRuntimeConfig(functions_runtime_name=runtimes[0].name),
        ),
    )
    made = client.create_function(details).data
    assert made.lifecycle_state == "CREATING", made
    assert status(client.create_function, details) == (409, "Conflict")
    active = oci.wait_until(client, client.get_function(made.id), "lifecycle_state", "ACTIVE", max_interval_seconds=1)
    source = active.data.source_details
    assert isinstance(source, models.ArchiveFunctionSourceDetails), source
    assert isinstance(source.runtime_config, models.FunctionUpdateRuntimeConfig), source
    caller = oci.functions.FunctionsInvokeClient(
        oci.config.from_file(config), service_endpoint=endpoint, retry_strategy=oci.retry.NoneRetryStrategy()
    )
    assert caller.invoke_function(made.id, invoke_function_body="{}").status == 200
    assert caller.invoke_function(made.id, invoke_function_body="{}", fn_invoke_type="detached").status == 202
    listed = client.list_functions(application.id, display_name="sdk").data
    assert [function.id for function in listed] == [made.id]

    more = models.UpdateFunctionDetails(memory_in_mbs=256, config={"LOG_LEVEL": "debug"})
    assert status(client.update_function, made.id, more, if_match="old") == (412, "NoEtagMatch")
    work = oci.functions.WorkRequestManagementClient(
        oci.config.from_file(config), service_endpoint=endpoint, retry_strategy=oci.retry.NoneRetryStrategy()
    )
    accepted = client.update_function(made.id, more, if_match=active.headers["etag"])
    assert accepted.data is None, accepted.data
    request = accepted.headers["opc-work-request-id"]
    oci.wait_until(work, work.get_work_request(request), "status", "SUCCEEDED", max_interval_seconds=1)
    assert work.list_work_request_errors(request).data.items == []
    changed = client.get_function(made.id).data
    assert changed.lifecycle_state == "ACTIVE", changed
    assert (changed.memory_in_mbs, changed.config) == (256, {"LOG_LEVEL": "debug"})
    assert changed.source_details.source_code_sha256 == source.source_code_sha256
    image = models.UpdateContainerImageFunctionSourceDetails(image="gru.ocir.io/ns/f:1")
    other = models.UpdateFunctionDetails(source_details=image)
    assert status(client.update_function, made.id, other) == (400, "InvalidParameter")

    client.delete_function(made.id)
    assert status(client.get_function, made.id) == (404, "NotAuthorizedOrNotFound")
    print(source.source_code_sha256)


main()
