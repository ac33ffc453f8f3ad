locals {
  urls = concat(
    [for model in values(var.models) : model.predict_url],
    [for model in values(var.openai_models) : model.base_url],
  )
  # https://<host>/<OCID>/...
  deployments = sort(distinct([for url in local.urls : split("/", url)[3]]))

  # The least number of containers that can be kept ready, and the step.
  concurrency_step = var.memory == 128 ? 40 : var.memory == 256 ? 20 : 10

  # Without a function or server there is nothing yet that the gateway could call or that could be watched.
  complete    = var.image != null || var.function_id != null
  function_id = local.served ? null : var.function_id != null ? var.function_id : one(oci_functions_function.this[*].id)

  config = merge(
    { LOG_FORMAT = "json" },
    length(var.openai_models) > 0 ? { ALLOWED_PATHS = "openai" } : {},
    var.function_config,
    var.metrics_namespace == null ? {} : { METRICS_NAMESPACE = var.metrics_namespace },
    var.metrics_compartment_id == null ? {} : { METRICS_COMPARTMENT = var.metrics_compartment_id },
    length(var.services) == 0 ? {} : { ALLOWED_SERVICES = jsonencode(local.entries) },
    { ALLOWED_DEPLOYMENTS = join(",", local.deployments) },
  )
}

resource "oci_artifacts_container_repository" "this" {
  compartment_id = var.compartment_id
  display_name   = var.name
  is_public      = false
  freeform_tags  = var.freeform_tags
}

resource "oci_functions_application" "this" {
  count = local.served ? 0 : 1

  compartment_id = var.compartment_id
  display_name   = var.name
  subnet_ids     = local.function_subnets
  shape          = var.shape
  freeform_tags  = var.freeform_tags

  # Without it a line of JSON reaches OCI Logging as one text, in which no query can name a field.
  logging {
    line_format = "JSON"
  }

  dynamic "image_policy_config" {
    for_each = length(var.image_policy_keys) > 0 ? [var.image_policy_keys] : []

    content {
      is_policy_enabled = true

      dynamic "key_details" {
        for_each = image_policy_config.value

        content {
          kms_key_id = key_details.value
        }
      }
    }
  }

  dynamic "trace_config" {
    for_each = var.tracing ? [local.apm_domain] : []

    content {
      domain_id  = trace_config.value.id
      is_enabled = true
    }
  }

  lifecycle {
    precondition {
      condition     = length(var.server_config) == 0
      error_message = "server_config is for hosting = \"container_instance\"; a function has function_config."
    }
  }
}

resource "oci_functions_function" "this" {
  count = local.served || var.image == null ? 0 : 1

  application_id     = oci_functions_application.this[0].id
  display_name       = var.name
  image              = var.image
  image_digest       = var.image_digest
  memory_in_mbs      = var.memory
  timeout_in_seconds = var.timeout
  config             = local.config
  freeform_tags      = var.freeform_tags

  detached_mode_timeout_in_seconds = var.detached_timeout

  dynamic "success_destination" {
    for_each = var.success_destination[*]

    content {
      kind       = success_destination.value.kind
      stream_id  = success_destination.value.kind == "STREAM" ? success_destination.value.id : null
      queue_id   = success_destination.value.kind == "QUEUE" ? success_destination.value.id : null
      channel_id = success_destination.value.channel_id
      topic_id   = success_destination.value.kind == "NOTIFICATION" ? success_destination.value.id : null
    }
  }

  dynamic "failure_destination" {
    for_each = var.failure_destination[*]

    content {
      kind       = failure_destination.value.kind
      stream_id  = failure_destination.value.kind == "STREAM" ? failure_destination.value.id : null
      queue_id   = failure_destination.value.kind == "QUEUE" ? failure_destination.value.id : null
      channel_id = failure_destination.value.channel_id
      topic_id   = failure_destination.value.kind == "NOTIFICATION" ? failure_destination.value.id : null
    }
  }

  dynamic "provisioned_concurrency_config" {
    for_each = var.provisioned_concurrency > 0 ? [var.provisioned_concurrency] : []

    content {
      strategy = "CONSTANT"
      count    = provisioned_concurrency_config.value
    }
  }

  dynamic "trace_config" {
    for_each = var.tracing ? [true] : []

    content {
      is_enabled = trace_config.value
    }
  }

  lifecycle {
    precondition {
      condition     = var.function_id == null
      error_message = "The function is either made of image or is the one of function_id."
    }

    precondition {
      condition     = var.provisioned_concurrency % local.concurrency_step == 0
      error_message = "With this memory, provisioned_concurrency is a multiple of ${local.concurrency_step}."
    }

    precondition {
      condition     = length(join("", concat(keys(local.config), values(local.config)))) <= 4096
      error_message = "Names and values of a function's configuration have up to 4096 bytes together: there are too many deployments."
    }
  }
}
