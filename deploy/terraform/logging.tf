# Logs of function and gateway, and alarms on what they could not answer.

locals {
  logs = {
    invoke    = { service = "functions", resource = oci_functions_application.this.id }
    access    = { service = "apigateway", resource = oci_apigateway_deployment.this.id }
    execution = { service = "apigateway", resource = oci_apigateway_deployment.this.id }
  }

  alarms = {
    gateway = {
      namespace = "oci_apigateway"
      query     = "HttpResponses[5m]{deploymentId = \"${oci_apigateway_deployment.this.id}\", httpStatusCategory = \"5xx\"}.sum() > 0"
      body      = "The gateway answers 5xx: look at its execution log, then at the function's."
    }
    function = {
      namespace = "oci_faas"
      query     = "FunctionResponseCount[5m]{resourceId = \"${oci_functions_function.this.id}\", responseType = \"Error\"}.sum() > 0"
      body      = "The function fails: its log names the variable or the file. Without a line, the platform could not start it."
    }
    throttled = {
      namespace = "oci_faas"
      query     = "FunctionResponseCount[5m]{resourceId = \"${oci_functions_function.this.id}\", responseType = \"Throttled\"}.sum() > 0"
      body      = "More calls at once than the region's limit on functions' memory allows."
    }
  }
}

resource "oci_logging_log_group" "this" {
  compartment_id = var.compartment_id
  display_name   = var.name
  freeform_tags  = var.freeform_tags
}

resource "oci_logging_log" "this" {
  for_each = local.logs

  display_name       = "${var.name}-${each.key}"
  log_group_id       = oci_logging_log_group.this.id
  log_type           = "SERVICE"
  is_enabled         = true
  retention_duration = var.log_retention
  freeform_tags      = var.freeform_tags

  configuration {
    compartment_id = var.compartment_id

    source {
      source_type = "OCISERVICE"
      service     = each.value.service
      resource    = each.value.resource
      category    = each.key
    }
  }
}

resource "oci_ons_notification_topic" "this" {
  count = var.alarm_email == null ? 0 : 1

  compartment_id = var.compartment_id
  name           = var.name
  description    = "Errors of the gateway and of the function"
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
  for_each = { for name, alarm in local.alarms : name => alarm if var.alarm_email != null }

  compartment_id        = var.compartment_id
  metric_compartment_id = var.compartment_id
  display_name          = "${var.name}-${each.key}"
  namespace             = each.value.namespace
  query                 = each.value.query
  body                  = each.value.body
  severity              = "ERROR"
  is_enabled            = true
  destinations          = [oci_ons_notification_topic.this[0].id]
  freeform_tags         = var.freeform_tags
}
