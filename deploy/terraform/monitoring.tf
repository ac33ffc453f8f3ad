# Alarms on what function, or server, and gateway could not answer, and the APM domain that traces go to. docs/troubleshooting.md and
# deploy/logging are the repository's.

locals {
  metrics_compartment = var.metrics_compartment_id == null ? var.compartment_id : var.metrics_compartment_id

  # Without a function or server neither is used.
  gateway  = local.complete ? "deploymentId = \"${oci_apigateway_deployment.this[0].id}\"" : ""
  function = local.complete && !local.served ? "resourceId = \"${local.function_id}\"" : ""
  own      = "function = \"${var.name}\""

  gateway_alarms = {
    gateway = {
      compartment = var.compartment_id
      namespace   = "oci_apigateway"
      query       = "HttpResponses[5m]{${local.gateway}, httpStatusCategory = \"5xx\"}.grouping().sum() > 0"
      severity    = "ERROR"
      body = join(" ", [
        "The gateway answers 5xx. First",
        local.served ? "the log of the container (docs/server-deploy.md), where each call has a line with its status:" : "deploy/logging/statuses.query:",
        "with lines, the status is the ${local.served ? "server" : "function"}'s or the model's; without any, it is the gateway's, whose execution log says why. Then docs/troubleshooting.md, By symptom.",
      ])
    }
  }

  function_alarms = {
    function = {
      compartment = var.compartment_id
      namespace   = "oci_faas"
      query       = "FunctionResponseCount[5m]{${local.function}, responseType = \"Error\"}.grouping().sum() > 0"
      severity    = "ERROR"
      body        = "The function fails. First deploy/logging/errors.query: its lines name the variable, the file or the deployment. Without a line the platform could not start it. Then docs/troubleshooting.md, By symptom, at 502."
    }
    throttled = {
      compartment = var.compartment_id
      namespace   = "oci_faas"
      query       = "FunctionResponseCount[5m]{${local.function}, responseType = \"Throttled\"}.grouping().sum() > 0"
      severity    = "ERROR"
      body        = "More calls at once than the region's limit on functions' memory allows. First deploy/logging/slow.query: slow calls hold their memory. Then docs/troubleshooting.md, By symptom, at 429; and ask for a higher limit."
    }
    slow = {
      compartment = var.compartment_id
      namespace   = "oci_faas"
      query       = "FunctionExecutionDuration[5m]{${local.function}}.grouping().mean() > ${var.timeout * 800}"
      severity    = "WARNING"
      body        = "Calls take more than four fifths of the function's timeout. First deploy/logging/slow.query: it says where the time went. Then docs/troubleshooting.md, By symptom, at 504."
    }
  }

  silence_alarms = var.alarm_silence == null ? {} : {
    silent = {
      compartment = var.compartment_id
      namespace   = local.served ? "oci_apigateway" : "oci_faas"
      query       = "${local.served ? "HttpRequests" : "FunctionInvocationCount"}[${var.alarm_silence}h]{${local.served ? local.gateway : local.function}}.grouping().absent(3d)"
      severity    = "WARNING"
      body        = "Nobody has called a model. First the gateway's access log: are requests refused before they reach one? Then docs/troubleshooting.md, By symptom, at 401, 403 and 404."
    }
  }

  metrics_alarms = var.metrics_namespace == null ? {} : {
    errors = {
      compartment = local.metrics_compartment
      namespace   = var.metrics_namespace
      query       = "errors[5m]{${local.own}}.groupBy(code).sum() > 0"
      severity    = "ERROR"
      body        = "Calls end in 5xx; the dimension code says in which error of the function, none means that the model's own answer was passed on. First deploy/logging/errors.query or statuses.query. Then docs/troubleshooting.md, By symptom, at that code."
    }
    latency = {
      compartment = local.metrics_compartment
      namespace   = var.metrics_namespace
      query       = "duration_ms[5m]{${local.own}}.groupBy(deployment).percentile(0.99) > ${var.alarm_latency * 1000}"
      severity    = "WARNING"
      body        = "One of a hundred calls to this deployment takes longer than it may. First deploy/logging/slow.query: much wait_ms is the model's time, much connect_ms the network's. Then docs/troubleshooting.md, By symptom, at 504."
    }
  }

  alarmed    = local.complete && (var.alarm_email != null || length(var.alarm_topic_ids) > 0)
  all_alarms = merge(local.gateway_alarms, local.served ? {} : local.function_alarms, local.silence_alarms, local.metrics_alarms)

  apm_domain = var.apm_domain != null ? var.apm_domain : var.tracing ? {
    id             = oci_apm_apm_domain.this[0].id
    compartment_id = var.compartment_id
  } : null
}

resource "oci_ons_notification_topic" "this" {
  count = var.alarm_email == null ? 0 : 1

  compartment_id = var.compartment_id
  name           = var.name
  description    = "Errors of the gateway and of what is behind it"
  freeform_tags  = var.freeform_tags
}

resource "oci_ons_subscription" "this" {
  count = var.alarm_email == null ? 0 : 1

  compartment_id = var.compartment_id
  topic_id       = oci_ons_notification_topic.this[0].id
  protocol       = "EMAIL"
  endpoint       = var.alarm_email
  freeform_tags  = var.freeform_tags
}

resource "oci_monitoring_alarm" "this" {
  for_each = { for name, alarm in local.all_alarms : name => alarm if local.alarmed }

  compartment_id        = var.compartment_id
  metric_compartment_id = each.value.compartment
  display_name          = "${var.name}-${each.key}"
  namespace             = each.value.namespace
  query                 = each.value.query
  body                  = each.value.body
  severity              = each.value.severity
  is_enabled            = true
  destinations          = concat(var.alarm_email == null ? [] : [oci_ons_notification_topic.this[0].id], var.alarm_topic_ids)
  freeform_tags         = var.freeform_tags
}

resource "oci_apm_apm_domain" "this" {
  count = var.tracing && var.apm_domain == null ? 1 : 0

  compartment_id = var.compartment_id
  display_name   = var.name
  description    = "Traces of the calls of models"
  is_free_tier   = true
  freeform_tags  = var.freeform_tags
}
