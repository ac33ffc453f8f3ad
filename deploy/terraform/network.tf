# A network of two halves, unless subnets are given: the gateway's, and the function's or server's. The second has no public address,
# and no way in but the gateway's to the server; images come through the service gateway, and what is not an Oracle service is reached
# through the NAT gateway.

locals {
  network = var.subnets == null ? 1 : 0
  public  = var.endpoint_type == "PUBLIC"

  # Apart, so that what needs one does not depend on the other.
  gateway_subnet   = var.subnets != null ? var.subnets.gateway : oci_core_subnet.gateway[0].id
  function_subnets = var.subnets != null ? var.subnets.functions : [oci_core_subnet.functions[0].id]

  gateway_cidr   = cidrsubnet(var.vcn_cidr, 1, 0)
  functions_cidr = cidrsubnet(var.vcn_cidr, 1, 1)
  inner          = local.served ? "server" : "functions"
}

data "oci_core_services" "all" {
  count = local.network

  filter {
    name   = "name"
    values = ["All .* Services In Oracle Services Network"]
    regex  = true
  }
}

resource "oci_core_vcn" "this" {
  count = local.network

  compartment_id = var.compartment_id
  display_name   = var.name
  cidr_blocks    = [var.vcn_cidr]
  dns_label      = "models"
  freeform_tags  = var.freeform_tags
}

resource "oci_core_internet_gateway" "this" {
  count = local.public ? local.network : 0

  compartment_id = var.compartment_id
  vcn_id         = oci_core_vcn.this[0].id
  display_name   = var.name
  freeform_tags  = var.freeform_tags
}

resource "oci_core_nat_gateway" "this" {
  count = local.network

  compartment_id = var.compartment_id
  vcn_id         = oci_core_vcn.this[0].id
  display_name   = var.name
  freeform_tags  = var.freeform_tags
}

resource "oci_core_service_gateway" "this" {
  count = local.network

  compartment_id = var.compartment_id
  vcn_id         = oci_core_vcn.this[0].id
  display_name   = var.name
  freeform_tags  = var.freeform_tags

  services {
    service_id = data.oci_core_services.all[0].services[0].id
  }
}

resource "oci_core_route_table" "public" {
  count = local.public ? local.network : 0

  compartment_id = var.compartment_id
  vcn_id         = oci_core_vcn.this[0].id
  display_name   = "${var.name}-public"
  freeform_tags  = var.freeform_tags

  route_rules {
    description       = "The internet"
    destination       = "0.0.0.0/0"
    destination_type  = "CIDR_BLOCK"
    network_entity_id = oci_core_internet_gateway.this[0].id
  }
}

resource "oci_core_route_table" "private" {
  count = local.network

  compartment_id = var.compartment_id
  vcn_id         = oci_core_vcn.this[0].id
  display_name   = "${var.name}-private"
  freeform_tags  = var.freeform_tags

  route_rules {
    description       = "Oracle's services: the registry, logs, model deployments"
    destination       = data.oci_core_services.all[0].services[0].cidr_block
    destination_type  = "SERVICE_CIDR_BLOCK"
    network_entity_id = oci_core_service_gateway.this[0].id
  }

  route_rules {
    description       = "The rest, outward only"
    destination       = "0.0.0.0/0"
    destination_type  = "CIDR_BLOCK"
    network_entity_id = oci_core_nat_gateway.this[0].id
  }
}

resource "oci_core_security_list" "gateway" {
  count = local.network

  compartment_id = var.compartment_id
  vcn_id         = oci_core_vcn.this[0].id
  display_name   = "${var.name}-gateway"
  freeform_tags  = var.freeform_tags

  ingress_security_rules {
    description = "Callers"
    protocol    = "6"
    source      = var.allowed_cidr

    tcp_options {
      min = 443
      max = 443
    }
  }

  egress_security_rules {
    description = "Functions, and the identity domain for its keys"
    protocol    = "6"
    destination = "0.0.0.0/0"

    tcp_options {
      min = 443
      max = 443
    }
  }

  dynamic "egress_security_rules" {
    for_each = local.served ? [local.data_port] : []

    content {
      description = "The server"
      protocol    = "6"
      destination = local.functions_cidr

      tcp_options {
        min = egress_security_rules.value
        max = egress_security_rules.value
      }
    }
  }
}

resource "oci_core_security_list" "functions" {
  count = local.network

  compartment_id = var.compartment_id
  vcn_id         = oci_core_vcn.this[0].id
  display_name   = "${var.name}-${local.inner}"
  freeform_tags  = var.freeform_tags

  dynamic "ingress_security_rules" {
    for_each = local.served ? [local.data_port] : []

    content {
      description = "The gateway, and nobody else"
      protocol    = "6"
      source      = local.gateway_cidr

      tcp_options {
        min = ingress_security_rules.value
        max = ingress_security_rules.value
      }
    }
  }

  egress_security_rules {
    description      = "The registry and model deployments"
    protocol         = "6"
    destination      = var.oracle_services_only ? data.oci_core_services.all[0].services[0].cidr_block : "0.0.0.0/0"
    destination_type = var.oracle_services_only ? "SERVICE_CIDR_BLOCK" : "CIDR_BLOCK"

    tcp_options {
      min = 443
      max = 443
    }
  }

  lifecycle {
    precondition {
      condition     = !var.oracle_services_only || !contains(keys(merge(var.function_config, var.server_config)), "ALLOWED_HOSTS")
      error_message = "With oracle_services_only the hosts of ALLOWED_HOSTS cannot be reached."
    }
  }
}

resource "oci_core_subnet" "gateway" {
  count = local.network

  compartment_id             = var.compartment_id
  vcn_id                     = oci_core_vcn.this[0].id
  display_name               = "${var.name}-gateway"
  dns_label                  = "gateway"
  cidr_block                 = local.gateway_cidr
  prohibit_public_ip_on_vnic = !local.public
  route_table_id             = local.public ? oci_core_route_table.public[0].id : oci_core_route_table.private[0].id
  security_list_ids          = [oci_core_security_list.gateway[0].id]
  freeform_tags              = var.freeform_tags
}

resource "oci_core_subnet" "functions" {
  count = local.network

  compartment_id             = var.compartment_id
  vcn_id                     = oci_core_vcn.this[0].id
  display_name               = "${var.name}-${local.inner}"
  dns_label                  = "functions" # Another would replace it.
  cidr_block                 = local.functions_cidr
  prohibit_public_ip_on_vnic = true
  route_table_id             = oci_core_route_table.private[0].id
  security_list_ids          = [oci_core_security_list.functions[0].id]
  freeform_tags              = var.freeform_tags
}
