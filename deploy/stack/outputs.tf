output "predict_urls" {
  description = "Where each model is called, by its name."
  value       = module.models.predict_urls
}

output "openai_base_urls" {
  description = "The base_url of an OpenAI client, by the name of the model."
  value       = module.models.openai_base_urls
}

output "domain_url" {
  description = "Where tokens are asked for."
  value       = module.models.domain_url
}

output "client_id" {
  description = "Id of the client that may ask for tokens."
  value       = module.models.client_id
}

output "client_secret" {
  description = "Secret of that client; the domain's page of the application shows it, too."
  value       = module.models.client_secret
  sensitive   = true
}

output "scope" {
  description = "The fully qualified scope that a token is asked for with."
  value       = module.models.scope
}

output "deploy_command" {
  description = "Makes the function of an archive; function_config is its config.json. Its OCID then becomes function_id."
  value       = module.models.deploy_command
}

output "function_config" {
  description = "What config.json of that command holds."
  value       = module.models.function_config
}

output "allowed_services" {
  description = "Value of ALLOWED_SERVICES, for mdfn gateway-spec --allowed-services."
  value       = module.models.allowed_services
}

output "repository" {
  description = "Where the image is pushed, after the registry's name: <namespace>/<name>."
  value       = module.models.repository
}

output "application_id" {
  description = "The application that the function is in, or will be."
  value       = module.models.application_id
}

output "function_id" {
  description = "The function, if there is one yet."
  value       = module.models.function_id
}

output "container_instance_id" {
  description = "The server's container instance, if there is one."
  value       = module.models.container_instance_id
}

output "server_url" {
  description = "Where the gateway reaches the server, if there is one."
  value       = module.models.server_url
}

output "dynamic_group_rule" {
  description = "Matching rule of the dynamic group, which has the name of the stack's resources."
  value       = module.models.dynamic_group_rule
}

output "policy_statements" {
  description = "Statements of the policies, by what they are for."
  value       = module.models.policy_statements
}

output "audience" {
  description = "Primary audience of the tokens."
  value       = module.models.audience
}

output "gateway_hostname" {
  description = "Host name of the gateway."
  value       = module.models.gateway_hostname
}

output "deployment_id" {
  description = "OCID of the gateway's deployment."
  value       = module.models.deployment_id
}

output "log_scope" {
  description = "What a query of Logging searches for the function's lines."
  value       = module.models.log_scope
}

output "gateway_spec_arguments" {
  description = "The arguments with which `mdfn gateway-spec` prints the same specification, but for client_rate_limit."
  value       = module.models.gateway_spec_arguments
}
