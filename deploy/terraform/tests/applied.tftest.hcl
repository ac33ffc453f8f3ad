# What is known when a container instance is there: its address. `command = apply` makes everything of the mocks.

mock_provider "oci" {
  source = "./tests/services"
}

mock_provider "oci" {
  alias  = "home"
  source = "./tests/services"
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

run "the_address_of_an_instance_and_a_secret" {
  command = apply

  assert {
    condition = { for route in oci_apigateway_deployment.this[0].specification[0].routes : route.path => route.backend[0].url } == {
      "/iris"           = "http://10.0.0.130:8080/iris"
      "/llm/v1/{path*}" = "http://10.0.0.130:8080/llm/v1/$${request.path[path]}"
    }
    error_message = "The routes lead to the instance's address, and the client's path with them; there are none for health."
  }

  assert {
    condition     = output.server_url == "http://10.0.0.130:8080" && output.container_instance_id == oci_container_instances_container_instance.this[0].id
    error_message = "The outputs name the instance and its address."
  }

  assert {
    condition     = length(regexall("^[0-9a-f-]{72}$", terraform_data.gateway_secret[0].output)) == 1
    error_message = "The secret is two random numbers."
  }
}

run "an_instance_that_is_made_anew_is_followed_in_the_same_apply" {
  command = apply

  variables {
    image = "fra.ocir.io/namespace/model-deployment-server:next"
  }

  override_data {
    target = data.oci_core_vnic.server
    values = { private_ip_address = "10.0.0.131" }
  }

  assert {
    condition     = oci_container_instances_container_instance.this[0].containers[0].image_url == var.image && oci_apigateway_deployment.this[0].specification[0].routes[0].backend[0].url == "http://10.0.0.131:8080/iris"
    error_message = "The routes lead to the new instance."
  }

  assert {
    condition     = output.server_url == "http://10.0.0.131:8080"
    error_message = "The outputs name the new address."
  }
}

# A secret that was to be drawn again would not be known in a plan.
run "the_secret_stays" {
  command = plan

  assert {
    condition     = length(terraform_data.gateway_secret[0].output) == 72
    error_message = "Another apply draws no other secret."
  }
}
