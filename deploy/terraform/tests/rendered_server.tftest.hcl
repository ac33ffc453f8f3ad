# A server, for the tests of mdfn, as rendered.tftest.hcl is for them. The routes have the address of an instance, which no plan knows.

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

run "a_server" {
  command = apply

  override_resource {
    target = terraform_data.gateway_secret
    values = { output = "drawn-once-and-kept" }
  }

  assert {
    condition     = length(oci_apigateway_deployment.this[0].specification[0].routes) == 2
    error_message = "There are two models."
  }
}
