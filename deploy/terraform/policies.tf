# Who may do what: the function may predict with the models of its routes' compartments, the gateway may call functions of its
# own compartment, and that is all; a server may predict and pull its image, and the gateway needs no right to call it; where metrics or traces are on, the function may post into its namespace, the service use the
# APM domain; where detached calls have destinations, the function may write to them (detached.tf). A dynamic group of this kind belongs to the Default identity domain.

locals {
  model_compartments = sort(distinct(concat(
    [for model in values(var.models) : model.compartment_id],
    [for model in values(var.openai_models) : model.compartment_id],
  )))

  # A container instance pulls its image before it has an OCID that a rule could name.
  matching_rule = local.served ? join(", ", [
    "ALL {resource.type = 'computecontainerinstance'", "resource.compartment.id = '${var.compartment_id}'}",
  ]) : local.complete ? "ALL {resource.type = 'fnfunc', resource.id = '${local.function_id}'}" : null

  statements = {
    predict = [
      for compartment in local.model_compartments :
      "Allow dynamic-group ${var.name} to {DATA_SCIENCE_MODEL_DEPLOYMENT_PREDICT} in compartment id ${compartment}"
    ]
    pull = local.served ? [join(" ", [
      "Allow dynamic-group ${var.name} to read repos in compartment id ${var.compartment_id}",
      "where target.repo.name = '${oci_artifacts_container_repository.this.display_name}'",
    ])] : []
    invoke = local.served ? [] : [join(" ", [
      "Allow any-user to use functions-family in compartment id ${var.compartment_id}",
      "where ALL {request.principal.type = 'ApiGateway', request.resource.compartment.id = '${var.compartment_id}'}",
    ])]
    metrics = var.metrics_namespace == null ? [] : [join(" ", [
      "Allow dynamic-group ${var.name} to {METRIC_WRITE} in compartment id ${local.metrics_compartment}",
      "where target.metrics.namespace = '${var.metrics_namespace}'",
    ])]
    tracing = var.tracing ? [
      "Allow service faas to use apm-domains in compartment id ${local.apm_domain.compartment_id}",
    ] : []
    detached = local.detached_statements
    services = flatten([for name in keys(var.services) : local.service_statements[name]])
  }

  # A policy that names a group is refused until the group is there.
  grouped = var.policies && (local.complete || local.served)
}

resource "oci_identity_dynamic_group" "this" {
  count    = local.grouped ? 1 : 0
  provider = oci.home

  compartment_id = var.tenancy_id
  name           = var.name
  description    = "What calls models"
  matching_rule  = local.matching_rule
  freeform_tags  = var.freeform_tags
}

resource "oci_identity_policy" "predict" {
  count    = local.grouped && length(local.model_compartments) > 0 ? 1 : 0
  provider = oci.home

  compartment_id = var.tenancy_id
  name           = "${var.name}-predict"
  description    = "The dynamic group may predict, and nothing else"
  freeform_tags  = var.freeform_tags
  statements     = local.statements.predict

  depends_on = [oci_identity_dynamic_group.this]
}

resource "oci_identity_policy" "pull" {
  count    = local.grouped && local.served ? 1 : 0
  provider = oci.home

  compartment_id = var.tenancy_id
  name           = "${var.name}-pull"
  description    = "The container instance may pull its image"
  freeform_tags  = var.freeform_tags
  statements     = local.statements.pull

  depends_on = [oci_identity_dynamic_group.this]
}

resource "oci_identity_policy" "invoke" {
  count    = var.policies && !local.served ? 1 : 0
  provider = oci.home

  compartment_id = var.tenancy_id
  name           = "${var.name}-invoke"
  description    = "Gateways of the compartment may call its functions"
  freeform_tags  = var.freeform_tags
  statements     = local.statements.invoke
}

resource "oci_identity_policy" "metrics" {
  count    = local.grouped && var.metrics_namespace != null ? 1 : 0
  provider = oci.home

  compartment_id = var.tenancy_id
  name           = "${var.name}-metrics"
  description    = "The function may post metrics into its own namespace"
  freeform_tags  = var.freeform_tags
  statements     = local.statements.metrics

  depends_on = [oci_identity_dynamic_group.this]
}

resource "oci_identity_policy" "tracing" {
  count    = var.policies && var.tracing ? 1 : 0
  provider = oci.home

  compartment_id = var.tenancy_id
  name           = "${var.name}-tracing"
  description    = "OCI Functions may use the APM domain"
  freeform_tags  = var.freeform_tags
  statements     = local.statements.tracing
}
