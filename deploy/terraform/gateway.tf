# The deployment specification, the same document that `mdfn gateway-spec` prints. Every route that leads to a model sets the
# header that names it, whatever the caller sent; every other spelling of the header is taken away. To a server it also sets the
# header with the secret.

locals {
  routes = concat(
    [for name, model in var.models : {
      path      = "/${name}"
      behind    = "/${name}"
      methods   = ["POST"]
      target    = model.predict_url
      header    = "model_deployment"
      scope     = var.scope
      json      = true
      anonymous = false
    }],
    [for name, model in var.openai_models : {
      path      = "/${name}/v1/{path*}"
      behind    = "/${name}/v1/$${request.path[path]}"
      methods   = ["GET", "POST", "DELETE"]
      target    = model.base_url
      header    = "model_deployment"
      scope     = var.scope
      json      = false
      anonymous = false
    }],
    [for route in local.service_routes : route if length(route.methods) > 0],
    [for name in local.served ? [] : ["healthz", "readyz"] : {
      path      = "/${name}"
      behind    = null
      methods   = ["GET"]
      target    = null
      header    = null
      scope     = var.scope
      json      = false
      anonymous = name == "healthz" && var.anonymous_health
    }],
  )

  # The names of the target, of which a route sets at most one.
  target_headers = ["model_deployment", "model-deployment", "x-model-deployment", "service_target", "service-target", "x-service-target"]

  static   = length(var.static_keys) > 0
  jwks_uri = var.jwks_uri != null ? var.jwks_uri : "${local.domain_url}/admin/v1/SigningCert/jwk"
  clients  = var.clients == null ? [] : concat([oci_identity_domains_app.client.name], var.clients)
  limited  = local.complete && var.client_rate_limit != null
}

resource "oci_apigateway_gateway" "this" {
  compartment_id = var.compartment_id
  display_name   = var.name
  endpoint_type  = var.endpoint_type
  subnet_id      = local.gateway_subnet
  freeform_tags  = var.freeform_tags
}

resource "oci_apigateway_deployment" "this" {
  count = local.complete ? 1 : 0

  compartment_id = var.compartment_id
  gateway_id     = oci_apigateway_gateway.this.id
  display_name   = var.name
  path_prefix    = var.path_prefix
  freeform_tags  = var.freeform_tags

  # The gateway looks at creation whether it may call the function.
  depends_on = [oci_identity_policy.invoke]

  specification {
    request_policies {
      authentication {
        type                        = "TOKEN_AUTHENTICATION"
        token_header                = "Authorization"
        token_auth_scheme           = "Bearer"
        is_anonymous_access_allowed = var.anonymous_health
        max_clock_skew_in_seconds   = 30

        validation_policy {
          type                        = local.static ? "STATIC_KEYS" : "REMOTE_JWKS"
          uri                         = local.static ? null : local.jwks_uri
          is_ssl_verify_disabled      = local.static ? null : false
          max_cache_duration_in_hours = local.static ? null : 1

          dynamic "keys" {
            for_each = var.static_keys

            content {
              format = keys.value.format
              kid    = keys.value.kid
              kty    = keys.value.kty
              alg    = keys.value.alg
              use    = keys.value.use
              n      = keys.value.n
              e      = keys.value.e
            }
          }

          additional_validation_policy {
            issuers   = var.issuers
            audiences = [local.audience]

            dynamic "verify_claims" {
              for_each = length(local.clients) > 0 ? [local.clients] : []

              content {
                key         = "client_id"
                values      = verify_claims.value
                is_required = true
              }
            }
          }
        }
      }

      rate_limiting {
        rate_in_requests_per_second = var.rate_limit
        rate_key                    = "TOTAL"
      }

      dynamic "usage_plans" {
        for_each = local.limited ? ["request.auth[client_id]"] : []

        content {
          token_locations = [usage_plans.value]
        }
      }
    }

    logging_policies {
      execution_log {
        is_enabled = true
        log_level  = "INFO"
      }
    }

    dynamic "routes" {
      for_each = local.routes

      content {
        path    = routes.value.path
        methods = routes.value.methods

        # The read timeout is the longest gap between two pieces of an answer, not the whole.
        backend {
          type                    = local.served ? "HTTP_BACKEND" : "ORACLE_FUNCTIONS_BACKEND"
          function_id             = local.function_id
          url                     = local.served ? "${local.server_url}${routes.value.behind}" : null
          read_timeout_in_seconds = local.served ? 300 : null
        }

        request_policies {
          authorization {
            type          = routes.value.anonymous ? "ANONYMOUS" : "ANY_OF"
            allowed_scope = routes.value.anonymous ? null : [routes.value.scope]
          }

          header_transformations {
            dynamic "set_headers" {
              for_each = routes.value.target != null ? [routes.value.target] : []

              content {
                items {
                  name      = routes.value.header
                  if_exists = "OVERWRITE"
                  values    = [set_headers.value]
                }

                dynamic "items" {
                  for_each = local.served ? ["x-gateway-secret"] : []

                  content {
                    name      = items.value
                    if_exists = "OVERWRITE"
                    values    = [local.gateway_secret]
                  }
                }
              }
            }

            # A header that is set cannot be blocked too.
            filter_headers {
              type = "BLOCK"

              dynamic "items" {
                for_each = [for name in local.target_headers : name if name != routes.value.header]

                content {
                  name = items.value
                }
              }
            }
          }

          dynamic "body_validation" {
            for_each = routes.value.json ? ["application/json"] : []

            content {
              required        = true
              validation_mode = "ENFORCING"

              content {
                media_type      = body_validation.value
                validation_type = "NONE"
              }
            }
          }
        }
      }
    }
  }

  lifecycle {
    precondition {
      condition     = length(var.models) + length(var.openai_models) + length(var.services) >= 1
      error_message = "There is no model and no service: set models, openai_models or services."
    }

    precondition {
      condition     = var.client_rate_limit == null || var.clients != null
      error_message = "client_rate_limit counts the clients by themselves: set clients, so that they are known."
    }

    precondition {
      condition     = length(local.routes) <= 50
      error_message = "A deployment has up to 50 routes; before a function two of them are for /healthz and /readyz."
    }

    precondition {
      condition     = length(setintersection(keys(var.services), concat(keys(var.models), keys(var.openai_models)))) == 0
      error_message = "A service and a model have the same name."
    }

    precondition {
      condition     = alltrue([for name, service in var.services : service.mount == null ? true : service.mount == "${trimsuffix(var.path_prefix, "/")}/${name}"])
      error_message = "The mount of a service is the path of its route: path_prefix and its name."
    }

    precondition {
      condition     = !local.static || var.jwks_uri == null
      error_message = "Keys are either static_keys or fetched from jwks_uri."
    }

    precondition {
      condition     = local.static || var.jwks_uri != null || var.publish_signing_certificate
      error_message = "There are no keys: give static_keys, as mdfn jwk prints them, or publish_signing_certificate, or the jwks_uri of a domain that shows its keys already."
    }
  }
}

# A plan that counts each client by the id in its token: the client's own id is what the service calls its token.
resource "oci_apigateway_usage_plan" "this" {
  count = local.limited ? 1 : 0

  compartment_id = var.compartment_id
  display_name   = var.name
  freeform_tags  = var.freeform_tags

  entitlements {
    name = "predictions"

    rate_limit {
      unit  = "SECOND"
      value = var.client_rate_limit
    }

    targets {
      deployment_id = oci_apigateway_deployment.this[0].id
    }
  }
}

resource "oci_apigateway_subscriber" "this" {
  count = local.limited ? length(local.clients) : 0

  compartment_id = var.compartment_id
  display_name   = "${var.name}-${count.index}"
  usage_plans    = [oci_apigateway_usage_plan.this[0].id]
  freeform_tags  = var.freeform_tags

  clients {
    name  = "client"
    token = local.clients[count.index]
  }
}
