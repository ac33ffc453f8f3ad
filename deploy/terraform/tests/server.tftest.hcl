# What is planned for a streaming server in a container instance. What its address is part of is in applied.tftest.hcl.

mock_provider "oci" {
  source          = "./tests/services"
  override_during = plan
}

mock_provider "oci" {
  alias           = "home"
  source          = "./tests/services"
  override_during = plan
}

override_resource {
  target          = terraform_data.gateway_secret
  override_during = plan
  values          = { output = "drawn-once-and-kept" }
}

variables {
  tenancy_id     = "ocid1.tenancy.oc1..aaaaaaaatenancy"
  compartment_id = "ocid1.compartment.oc1..aaaaaaaagateway"
  domain_url     = "https://idcs-0123456789abcdef0123456789abcdef.identity.oraclecloud.com:443"
  hosting        = "container_instance"
  image          = "fra.ocir.io/namespace/model-deployment-server:0.2.0"
  static_keys    = [{ kid = "SIGNING_KEY", n = replace(format("%0342d", 0), "0", "w") }]

  models = {
    iris = {
      predict_url    = "https://modeldeployment.eu-frankfurt-1.oci.customer-oci.com/ocid1.datasciencemodeldeployment.oc1.eu-frankfurt-1.irisaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/predict"
      compartment_id = "ocid1.compartment.oc1..aaaaaaaamodels"
    }
  }

  openai_models = {
    llm = {
      base_url       = "https://modeldeployment.eu-frankfurt-1.oci.customer-oci.com/ocid1.datasciencemodeldeployment.oc1.eu-frankfurt-1.llmaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
      compartment_id = "ocid1.compartment.oc1..aaaaaaaaservers"
    }
  }
}

run "the_server_in_place_of_the_function" {
  command = plan

  assert {
    condition     = length(oci_functions_application.this) + length(oci_functions_function.this) == 0
    error_message = "No function is made, and no application for one."
  }

  # The container instance.

  assert {
    condition = oci_container_instances_container_instance.this[0].containers[0].environment_variables == tomap({
      ADMIN_ADDRESS       = "0.0.0.0:9090"
      ALLOWED_DEPLOYMENTS = "ocid1.datasciencemodeldeployment.oc1.eu-frankfurt-1.irisaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,ocid1.datasciencemodeldeployment.oc1.eu-frankfurt-1.llmaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
      ALLOWED_PATHS       = "openai"
      GATEWAY_SECRET_FILE = "/run/gateway/secret"
      LISTEN_ADDRESS      = "0.0.0.0:8080"
      LOG_FORMAT          = "json"
      OCI_CLI_AUTH        = "resource_principal"
    })
    error_message = "The server has the deployments of the routes, two addresses, and a secret in a file."
  }

  assert {
    condition     = [oci_container_instances_container_instance.this[0].shape, oci_container_instances_container_instance.this[0].shape_config[0].ocpus, oci_container_instances_container_instance.this[0].shape_config[0].memory_in_gbs] == ["CI.Standard.E4.Flex", 1, 2]
    error_message = "The instance is a small one."
  }

  assert {
    condition     = oci_container_instances_container_instance.this[0].availability_domain == "Uocm:EU-FRANKFURT-1-AD-1" && oci_container_instances_container_instance.this[0].containers[0].image_url == var.image
    error_message = "The instance runs the image in the first availability domain."
  }

  assert {
    condition     = [for context in oci_container_instances_container_instance.this[0].containers[0].security_context : [context.is_non_root_user_check_enabled, context.is_root_file_system_readonly, context.capabilities[0].drop_capabilities]] == [[true, true, tolist(["ALL"])]]
    error_message = "The server is not root, writes nothing and has no capability."
  }

  assert {
    condition     = [for check in oci_container_instances_container_instance.this[0].containers[0].health_checks : [check.health_check_type, check.port, check.path, check.failure_action]] == [["HTTP", 9090, "/livez", "KILL"]]
    error_message = "The server is asked on the operator's port whether it lives, and is made anew where it does not."
  }

  assert {
    condition     = tonumber(oci_container_instances_container_instance.this[0].graceful_shutdown_timeout_in_seconds) == 45
    error_message = "An instance that ends has longer than its streams have."
  }

  # The secret: the same in the file that the server reads and in the header that the gateway sets.

  assert {
    condition     = nonsensitive(oci_container_instances_container_instance.this[0].volumes[0].configs[0].data) == base64encode("drawn-once-and-kept")
    error_message = "The file has the secret."
  }

  assert {
    condition     = [for mount in oci_container_instances_container_instance.this[0].containers[0].volume_mounts : "${mount.mount_path}/${oci_container_instances_container_instance.this[0].volumes[0].configs[0].file_name}"] == [oci_container_instances_container_instance.this[0].containers[0].environment_variables.GATEWAY_SECRET_FILE]
    error_message = "The file is where the server looks for it."
  }

  assert {
    condition = alltrue([for route in oci_apigateway_deployment.this[0].specification[0].routes : [
      for item in route.request_policies[0].header_transformations[0].set_headers[0].items : [item.name, item.if_exists, nonsensitive(item.values)[0]]
    ][1] == ["x-gateway-secret", "OVERWRITE", "drawn-once-and-kept"]])
    error_message = "Every route sets the secret, whatever the caller sent."
  }

  # The routes.

  assert {
    condition     = alltrue([for route in oci_apigateway_deployment.this[0].specification[0].routes : route.backend[0].type == "HTTP_BACKEND" && route.backend[0].read_timeout_in_seconds == 300 && route.backend[0].function_id == null])
    error_message = "A gap in an answer may take as long as a gateway waits."
  }

  # Who may do what.

  assert {
    condition     = oci_identity_dynamic_group.this[0].matching_rule == "ALL {resource.type = 'computecontainerinstance', resource.compartment.id = '${var.compartment_id}'}"
    error_message = "The group is the compartment's container instances."
  }

  assert {
    condition     = oci_identity_policy.pull[0].statements == tolist(["Allow dynamic-group model-deployment-fn to read repos in compartment id ${var.compartment_id} where target.repo.name = 'model-deployment-fn'"])
    error_message = "The instance may pull from its own repository."
  }

  assert {
    condition     = length(oci_identity_policy.invoke) == 0 && keys(output.policy_statements) == ["predict", "pull"]
    error_message = "The gateway needs no right."
  }

  # The network.

  assert {
    condition     = [for rule in oci_core_security_list.functions[0].ingress_security_rules : [rule.source, rule.tcp_options[0].min, rule.tcp_options[0].max]] == [["10.0.0.0/25", 8080, 8080]]
    error_message = "The gateway's subnet alone reaches the server, and not its operator's port."
  }

  assert {
    condition     = [for rule in oci_core_security_list.gateway[0].egress_security_rules : [rule.destination, rule.tcp_options[0].min]] == [["0.0.0.0/0", 443], ["10.0.0.128/25", 8080]]
    error_message = "The gateway reaches the server."
  }

  assert {
    condition     = !oci_container_instances_container_instance.this[0].vnics[0].is_public_ip_assigned && oci_core_subnet.functions[0].display_name == "model-deployment-fn-server"
    error_message = "The server has no public address, and a subnet of its name."
  }

  # What is given out.

  assert {
    condition     = output.function_id == null && output.application_id == null && output.function_config == null && output.deploy_command == null && output.log_scope == null
    error_message = "The outputs have nothing of a function."
  }

  assert {
    condition     = keys(oci_logging_log.this) == ["access", "execution"]
    error_message = "The gateway's logs are kept."
  }
}

run "everything_that_can_be_set" {
  command = plan

  variables {
    image_digest        = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    server_shape        = "CI.Standard.A1.Flex"
    server_ocpus        = 4
    server_memory       = 16
    server_config       = { DRAIN_TIMEOUT = "120", LOG_LEVEL = "debug" }
    availability_domain = "Uocm:EU-FRANKFURT-1-AD-3"
    subnets             = { gateway = "ocid1.subnet.a", functions = ["ocid1.subnet.b"] }
    alarm_email         = "somebody@example.com"
    alarm_silence       = 24
  }

  assert {
    condition     = oci_container_instances_container_instance.this[0].containers[0].image_url == "fra.ocir.io/namespace/model-deployment-server@${var.image_digest}"
    error_message = "A digest stands in place of the tag."
  }

  assert {
    condition     = tonumber(oci_container_instances_container_instance.this[0].graceful_shutdown_timeout_in_seconds) == 135 && oci_container_instances_container_instance.this[0].containers[0].environment_variables.DRAIN_TIMEOUT == "120"
    error_message = "An instance that ends has longer than DRAIN_TIMEOUT."
  }

  assert {
    condition     = oci_container_instances_container_instance.this[0].vnics[0].subnet_id == "ocid1.subnet.b" && length(oci_core_vcn.this) == 0
    error_message = "The instance is in the subnet that is given."
  }

  assert {
    condition     = length(data.oci_identity_availability_domains.all) == 0 && oci_container_instances_container_instance.this[0].availability_domain == "Uocm:EU-FRANKFURT-1-AD-3"
    error_message = "The instance is in the domain that is given."
  }

  assert {
    condition = { for name, alarm in oci_monitoring_alarm.this : name => alarm.query } == {
      gateway = "HttpResponses[5m]{deploymentId = \"${oci_apigateway_deployment.this[0].id}\", httpStatusCategory = \"5xx\"}.grouping().sum() > 0"
      silent  = "HttpRequests[24h]{deploymentId = \"${oci_apigateway_deployment.this[0].id}\"}.grouping().absent(3d)"
    }
    error_message = "The alarms are about the gateway."
  }
}

run "all_but_what_needs_the_server" {
  command = plan

  variables {
    image = null
  }

  assert {
    condition     = length(oci_container_instances_container_instance.this) == 0 && length(oci_apigateway_deployment.this) == 0 && output.server_url == null && length(output.gateway_spec_arguments) == 0
    error_message = "There is no server, and no route to it."
  }

  assert {
    condition     = length(oci_identity_dynamic_group.this) == 1 && length(oci_identity_policy.pull) == 1 && length(oci_identity_policy.predict) == 1
    error_message = "The policies are there before the server needs them."
  }
}

run "texts_instead_of_policies" {
  command = plan

  variables {
    policies = false
  }

  assert {
    condition     = length(oci_identity_dynamic_group.this) + length(oci_identity_policy.pull) + length(oci_identity_policy.predict) == 0 && startswith(output.policy_statements.pull[0], "Allow dynamic-group ")
    error_message = "Neither group nor policy is made, and the texts are given out."
  }
}

# What functions alone have, and what a server alone has.

run "what_functions_alone_have_is_refused" {
  command = plan

  variables {
    function_config = { LOG_LEVEL = "debug" }
  }

  expect_failures = [terraform_data.gateway_secret]
}

run "metrics_of_a_function_are_refused" {
  command = plan

  variables {
    metrics_namespace = "model_deployment_fn"
  }

  expect_failures = [terraform_data.gateway_secret]
}

run "two_subnets_are_refused" {
  command = plan

  variables {
    subnets = { gateway = "ocid1.subnet.a", functions = ["ocid1.subnet.b", "ocid1.subnet.c"] }
  }

  expect_failures = [terraform_data.gateway_secret]
}

run "what_a_server_alone_has_is_refused_for_a_function" {
  command = plan

  variables {
    hosting       = "function"
    server_config = { LOG_LEVEL = "debug" }
  }

  expect_failures = [oci_functions_application.this]
}
