# What the services would answer: what other resources, statements and outputs are made of.

mock_data "oci_core_services" {
  defaults = {
    services = [{ id = "ocid1.service.oc1.eu-frankfurt-1.aaaaaaaaservice", name = "All", description = "All", cidr_block = "all-fra-services" }]
  }
}

mock_data "oci_core_vnic" {
  defaults = { private_ip_address = "10.0.0.130" }
}

mock_data "oci_identity_availability_domains" {
  defaults = {
    availability_domains = [{ id = "ocid1.availabilitydomain.oc1..aaaaaaaaad", name = "Uocm:EU-FRANKFURT-1-AD-1", compartment_id = "ocid1.tenancy.oc1..aaaaaaaatenancy" }]
  }
}

mock_data "oci_identity_region_subscriptions" {
  defaults = {
    region_subscriptions = [{ region_name = "us-ashburn-1", region_key = "IAD", is_home_region = true, state = "READY", tenancy_id = "ocid1.tenancy.oc1..aaaaaaaatenancy" }]
  }
}

mock_resource "oci_apigateway_deployment" {
  defaults = {
    id       = "ocid1.apideployment.oc1.eu-frankfurt-1.amaaaaaadeployment"
    endpoint = "https://gateway.example/models"
  }
}

mock_resource "oci_apigateway_gateway" {
  defaults = {
    id       = "ocid1.apigateway.oc1.eu-frankfurt-1.amaaaaaagateway"
    hostname = "gateway.example"
  }
}

mock_resource "oci_apm_apm_domain" {
  defaults = { id = "ocid1.apmdomain.oc1.eu-frankfurt-1.aaaaaaaaapmdomain" }
}

mock_resource "oci_artifacts_container_repository" {
  defaults = { namespace = "namespace" }
}

mock_resource "oci_container_instances_container_instance" {
  defaults = {
    id    = "ocid1.computecontainerinstance.oc1.eu-frankfurt-1.anaaaaaainstance"
    vnics = { vnic_id = "ocid1.vnic.oc1.eu-frankfurt-1.aaaaaaaavnic" }
  }
}

mock_resource "oci_core_subnet" {
  defaults = { id = "ocid1.subnet.oc1.eu-frankfurt-1.aaaaaaaasubnet" }
}

mock_resource "oci_functions_application" {
  defaults = { id = "ocid1.fnapp.oc1.eu-frankfurt-1.aaaaaaaafnapp" }
}

mock_resource "oci_functions_function" {
  defaults = { id = "ocid1.fnfunc.oc1.eu-frankfurt-1.amaaaaaafunction" }
}

mock_resource "oci_identity_domains_app" {
  defaults = {
    name          = "client"
    client_secret = "emulated"
  }
}

mock_resource "oci_logging_log" {
  defaults = { id = "ocid1.log.oc1.eu-frankfurt-1.aaaaaaaalog" }
}

mock_resource "oci_logging_log_group" {
  defaults = { id = "ocid1.loggroup.oc1.eu-frankfurt-1.aaaaaaaaloggroup" }
}

mock_resource "oci_ons_notification_topic" {
  defaults = { id = "ocid1.onstopic.oc1.eu-frankfurt-1.aaaaaaaaonstopic" }
}
