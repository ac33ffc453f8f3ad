output "domain_url" {
  description = "URL of the identity domain, where tokens are asked for."
  value       = local.domain_url
}

output "client_id" {
  description = "Id of the client that may ask for tokens."
  value       = oci_identity_domains_app.client.name
}

output "client_secret" {
  description = "Secret of that client. It is in the state, too."
  value       = oci_identity_domains_app.client.client_secret
  sensitive   = true
}

output "audience" {
  description = "Primary audience of the tokens."
  value       = local.audience
}

output "scope" {
  description = "The fully qualified scope that a token is asked for with."
  value       = "${local.audience}${var.scope}"
}

output "predict_urls" {
  description = "Where each model is called, by its name."
  value       = { for name in keys(var.models) : name => "${oci_apigateway_deployment.this.endpoint}/${name}" }
}

output "openai_base_urls" {
  description = "The base_url of an OpenAI client, by the name of the model."
  value       = { for name in keys(var.openai_models) : name => "${oci_apigateway_deployment.this.endpoint}/${name}/v1" }
}

output "gateway_hostname" {
  description = "Host name of the gateway."
  value       = oci_apigateway_gateway.this.hostname
}

output "deployment_id" {
  description = "OCID of the gateway's deployment."
  value       = oci_apigateway_deployment.this.id
}

output "function_id" {
  description = "OCID of the function."
  value       = oci_functions_function.this.id
}

output "log_scope" {
  description = "What a query of OCI Logging searches for the function's lines: <compartment>/<log group>/<log>."
  value       = "${var.compartment_id}/${oci_logging_log_group.this.id}/${oci_logging_log.this["invoke"].id}"
}

output "repository" {
  description = "Repository of the function's image, as it stands after the registry's name: <namespace>/<name>."
  value       = "${oci_artifacts_container_repository.this.namespace}/${oci_artifacts_container_repository.this.display_name}"
}

output "gateway_spec_arguments" {
  description = "The arguments with which `mdfn gateway-spec` prints the same specification. With static_keys add --keys and their file."
  value = concat(
    ["--function", oci_functions_function.this.id, "--audience", local.audience],
    ["--scope", var.scope, "--rate-limit", tostring(var.rate_limit)],
    flatten([for name, model in var.models : ["--model", "${name}=${model.predict_url}"]]),
    flatten([for name, model in var.openai_models : ["--openai", "${name}=${model.base_url}"]]),
    flatten([for issuer in var.issuers : ["--issuer", issuer]]),
    flatten([for client in local.clients : ["--client", client]]),
    local.static ? [] : ["--jwks-uri", local.jwks_uri],
    var.anonymous_health ? ["--anonymous-health"] : [],
  )
}
