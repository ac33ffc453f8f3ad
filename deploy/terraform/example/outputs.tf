output "domain_url" {
  description = "URL of the identity domain."
  value       = module.models.domain_url
}

output "client_id" {
  description = "Id of the client."
  value       = module.models.client_id
}

output "client_secret" {
  description = "Secret of the client."
  value       = module.models.client_secret
  sensitive   = true
}

output "scope" {
  description = "The fully qualified scope."
  value       = module.models.scope
}

output "predict_urls" {
  description = "Where each model is called."
  value       = module.models.predict_urls
}

output "openai_base_urls" {
  description = "The base_url of an OpenAI client, for each server."
  value       = module.models.openai_base_urls
}

output "deployment_id" {
  description = "OCID of the gateway's deployment."
  value       = module.models.deployment_id
}

output "function_id" {
  description = "OCID of the function."
  value       = module.models.function_id
}

output "log_scope" {
  description = "What a query of OCI Logging searches."
  value       = module.models.log_scope
}

output "repository" {
  description = "Repository of the image, after the registry's name."
  value       = module.models.repository
}

output "gateway_spec_arguments" {
  description = "Arguments of `mdfn gateway-spec` for the same specification."
  value       = module.models.gateway_spec_arguments
}

output "gateway_hostname" {
  description = "Host name of the gateway."
  value       = module.models.gateway_hostname
}

output "allowed_services" {
  description = "Value of the function's ALLOWED_SERVICES."
  value       = module.models.allowed_services
}

output "container_instance_id" {
  description = "OCID of the server's container instance."
  value       = module.models.container_instance_id
}

output "dynamic_group_rule" {
  description = "Matching rule of the dynamic group."
  value       = module.models.dynamic_group_rule
}

output "policy_statements" {
  description = "Statements of the policies, by what they are for."
  value       = module.models.policy_statements
}

output "deploy_command" {
  description = "The command that makes the function of an archive."
  value       = module.models.deploy_command
}

output "function_config" {
  description = "What that command takes as --config-file."
  value       = module.models.function_config
}
