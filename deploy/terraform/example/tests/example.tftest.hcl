# Are the variables of terraform.tfvars.example taken, and does the example give out what the module does?
#
#     terraform test -var-file=terraform.tfvars.example

mock_provider "oci" {
  source          = "../tests/services"
  override_during = plan
}

mock_provider "oci" {
  alias           = "home"
  source          = "../tests/services"
  override_during = plan
}

run "the_variables_of_the_example_are_taken" {
  command = plan

  variables {
    image       = "fra.ocir.io/namespace/model-deployment-fn:0.2.0"
    static_keys = [{ kid = "SIGNING_KEY", n = replace(format("%0342d", 0), "0", "w"), x5c = "dropped" }]
  }

  assert {
    condition = jsonencode({
      domain_url             = output.domain_url
      client_id              = output.client_id
      scope                  = output.scope
      predict_urls           = output.predict_urls
      openai_base_urls       = output.openai_base_urls
      deployment_id          = output.deployment_id
      function_id            = output.function_id
      log_scope              = output.log_scope
      repository             = output.repository
      gateway_spec_arguments = output.gateway_spec_arguments
      gateway_hostname       = output.gateway_hostname
      deploy_command         = output.deploy_command
      function_config        = output.function_config
      }) == jsonencode({
      domain_url             = module.models.domain_url
      client_id              = module.models.client_id
      scope                  = module.models.scope
      predict_urls           = module.models.predict_urls
      openai_base_urls       = module.models.openai_base_urls
      deployment_id          = module.models.deployment_id
      function_id            = module.models.function_id
      log_scope              = module.models.log_scope
      repository             = module.models.repository
      gateway_spec_arguments = module.models.gateway_spec_arguments
      gateway_hostname       = module.models.gateway_hostname
      deploy_command         = module.models.deploy_command
      function_config        = module.models.function_config
    })
    error_message = "An output of the example is the module's of the same name."
  }

  assert {
    condition     = nonsensitive(output.client_secret) == nonsensitive(module.models.client_secret)
    error_message = "The secret of the example's client is the module's."
  }
}
