# Two applications of the identity domain: the gateway, which has the audience and the scope, and a client, which may ask for
# that scope and for nothing else. The gateway exists before both, so that its host name can be the audience.

locals {
  domain_url = trimsuffix(trimsuffix(var.domain_url, "/"), ":443")
  audience   = var.audience != null ? var.audience : "https://${oci_apigateway_gateway.this.hostname}/"
}

resource "oci_identity_domains_app" "gateway" {
  provider = oci.home

  idcs_endpoint = local.domain_url
  schemas       = ["urn:ietf:params:scim:schemas:oracle:idcs:App"]
  display_name  = "${var.name}-gateway"
  description   = "Model deployments behind ${local.audience}"
  active        = true
  # An active application cannot be destroyed otherwise.
  force_delete = true

  is_oauth_resource   = true
  audience            = local.audience
  access_token_expiry = var.token_lifetime

  scopes {
    value            = var.scope
    display_name     = var.scope
    description      = "Call the models"
    requires_consent = false
  }

  # Whom one is granted to is said in the domain: the client below may ask for the first alone.
  dynamic "scopes" {
    for_each = local.service_scopes

    content {
      value            = scopes.value
      display_name     = scopes.value
      description      = "Call a service"
      requires_consent = false
    }
  }

  based_on_template {
    value = "CustomWebAppTemplateId"
  }

  lifecycle {
    # The domain fills it in.
    ignore_changes = [urnietfparamsscimschemasoracleidcsextensionrequestable_app]
  }
}

resource "oci_identity_domains_app" "client" {
  provider = oci.home

  idcs_endpoint = local.domain_url
  schemas       = ["urn:ietf:params:scim:schemas:oracle:idcs:App"]
  display_name  = "${var.name}-client"
  description   = "Calls the models behind ${local.audience}"
  active        = true
  force_delete  = true

  is_oauth_client = true
  client_type     = "confidential"
  allowed_grants  = ["client_credentials"]
  trust_scope     = "Explicit"

  allowed_scopes {
    fqs = "${oci_identity_domains_app.gateway.audience}${var.scope}"
  }

  based_on_template {
    value = "CustomWebAppTemplateId"
  }

  lifecycle {
    ignore_changes = [urnietfparamsscimschemasoracleidcsextensionrequestable_app]
  }
}

# Only public keys become public, but it is a setting of the whole domain.
resource "oci_identity_domains_setting" "this" {
  provider = oci.home
  count    = var.publish_signing_certificate ? 1 : 0

  idcs_endpoint              = local.domain_url
  schemas                    = ["urn:ietf:params:scim:schemas:oracle:idcs:Settings"]
  setting_id                 = "Settings"
  csr_access                 = "none"
  signing_cert_public_access = true
}
