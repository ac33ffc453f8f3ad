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
  value       = { for name in keys(var.models) : name => "${one(oci_apigateway_deployment.this[*].endpoint)}/${name}" if local.complete }
}

output "openai_base_urls" {
  description = "The base_url of an OpenAI client, by the name of the model."
  value       = { for name in keys(var.openai_models) : name => "${one(oci_apigateway_deployment.this[*].endpoint)}/${name}/v1" if local.complete }
}

output "gateway_hostname" {
  description = "Host name of the gateway."
  value       = oci_apigateway_gateway.this.hostname
}

output "deployment_id" {
  description = "OCID of the gateway's deployment; none before there is a function."
  value       = one(oci_apigateway_deployment.this[*].id)
}

output "function_id" {
  description = "OCID of the function, if there is one yet."
  value       = local.function_id
}

output "container_instance_id" {
  description = "OCID of the server's container instance, if there is one."
  value       = one(oci_container_instances_container_instance.this[*].id)
}

output "server_url" {
  description = "Where the gateway reaches the server, if there is one; it changes when the container instance is made anew."
  value       = local.server_url
}

output "log_scope" {
  description = "What a query of OCI Logging searches for the function's lines: <compartment>/<log group>/<log>. A server has none."
  value       = local.served ? null : "${var.compartment_id}/${oci_logging_log_group.this.id}/${oci_logging_log.this["invoke"].id}"
}

output "repository" {
  description = "Repository of the image, as it stands after the registry's name: <namespace>/<name>."
  value       = "${oci_artifacts_container_repository.this.namespace}/${oci_artifacts_container_repository.this.display_name}"
}

output "gateway_spec_arguments" {
  description = "The arguments with which `mdfn gateway-spec` prints the same specification, but for client_rate_limit. With static_keys add --keys and their file, with services --allowed-services and a file with the output allowed_services, for a server --gateway-secret-file and a file with the secret."
  value = !local.complete ? [] : concat(
    local.served ? ["--server", local.server_url] : ["--function", local.function_id],
    ["--audience", local.audience],
    ["--scope", var.scope, "--rate-limit", tostring(var.rate_limit)],
    flatten([for name, model in var.models : ["--model", "${name}=${model.predict_url}"]]),
    flatten([for name, model in var.openai_models : ["--openai", "${name}=${model.base_url}"]]),
    flatten([for name, service in var.services : ["--service", "${name}=${name},scope=${coalesce(service.scope, name)}"]]),
    flatten([for issuer in var.issuers : ["--issuer", issuer]]),
    flatten([for client in local.clients : ["--client", client]]),
    local.static ? [] : ["--jwks-uri", local.jwks_uri],
    var.anonymous_health ? ["--anonymous-health"] : [],
  )
}

output "allowed_services" {
  description = "Value of the function's ALLOWED_SERVICES."
  value       = jsonencode(local.entries)
}

output "application_id" {
  description = "OCID of the application that the function is in, or will be."
  value       = one(oci_functions_application.this[*].id)
}

output "function_config" {
  description = "Configuration of the function in JSON: what --config-file of `mdfn deploy` takes, where the function is not made of image."
  value       = local.served ? null : jsonencode(local.config)
}

output "deploy_command" {
  description = "The command that makes the function, or changes it, of an archive and function_config. Its OCID then becomes function_id."
  value = var.image != null || local.served ? null : join(" ", [
    "mdfn deploy --archive function.zip --application ${oci_functions_application.this[0].id}",
    "--name ${var.name} --memory ${var.memory} --timeout ${var.timeout} --config-file config.json --yes",
  ])
}

output "dynamic_group_rule" {
  description = "Matching rule of the dynamic group, which has the name of what is made; none before there is a function."
  value       = local.matching_rule
}

output "policy_statements" {
  description = "Statements of the policies, by what they are for."
  value       = { for name, statements in local.statements : name => statements if length(statements) > 0 }
}
