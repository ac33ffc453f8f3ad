# Other OCI services: the entries of ALLOWED_SERVICES, a route with a scope of its own for each, and what the function may do there.
# Routes and statements are those of `mdfn gateway-spec --service` and `mdfn policy`.

locals {
  # What an entry says; what is not given is left out.
  entries = {
    for name, service in var.services : name => {
      for member, value in {
        service      = service.service
        host         = service.host
        region       = service.region
        form         = service.form
        base         = service.base
        open         = service.open
        mount        = service.mount
        compartments = service.compartments
        projects     = service.projects
        models       = service.models
        set          = service.set
        headers      = service.headers
        returns      = service.returns
        retry        = service.retry
        stateless    = service.stateless ? true : null
      } : member => value if value == null ? false : length(regexall("^(\\[\\]|\\{\\})$", jsonencode(value))) == 0
    }
  }

  # The methods and the path of each operation; those of a preset have no path of interest.
  presets = {
    "@openai-chat"      = "POST /"
    "@openai-responses" = "GET,POST,DELETE /"
    "@openai-state"     = "GET,POST,DELETE /"
    "@genai-native"     = "POST /"
  }
  operations = {
    for name, service in var.services : name => [
      for item in service.open : {
        methods = split(",", split(" ", lookup(local.presets, item, item))[0])
        path    = split(" ", lookup(local.presets, item, item))[1]
      }
    ]
  }

  service_scopes = sort(setsubtract([for name, service in var.services : coalesce(service.scope, name)], [var.scope]))

  # A path variable is never empty: what is open at the base of a mount has a route of its own.
  service_routes = flatten([
    for name, service in var.services : [
      for part in [
        { path = "/${name}", own = true },
        { path = "/${name}/{path*}", own = false },
        ] : {
        path      = part.path
        behind    = replace(part.path, "{path*}", "$${request.path[path]}")
        target    = name
        header    = "service_target"
        scope     = coalesce(service.scope, name)
        json      = false
        anonymous = false
        methods = [
          for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] : method if anytrue([
            for operation in local.operations[name] :
            contains(operation.methods, method) && part.own == (service.mount != null && operation.path == service.base)
          ])
        ]
      }
    ]
  ])

  service_statements = {
    for name, service in var.services : name => concat(
      !contains(service.open, "@openai-chat") ? [] : [
        for compartment in service.compartments :
        "Allow dynamic-group ${var.name} to {GENERATIVE_AI_CHAT} in compartment id ${compartment} where target.model.id ${
          length(service.models) == 1 ? "= '${service.models[0]}'" : "in (${join(", ", [for model in service.models : "'${model}'"])})"
        }"
      ],
      !contains(service.open, "@openai-responses") ? [] : flatten([
        for compartment in service.compartments : [
          "Allow dynamic-group ${var.name} to manage generative-ai-response in compartment id ${compartment}",
          "Allow dynamic-group ${var.name} to manage generative-ai-conversation in compartment id ${compartment}",
        ]
      ]),
      service.bucket == null ? [] : [join(" ", [
        "Allow dynamic-group ${var.name} to {OBJECT_INSPECT, OBJECT_READ} in compartment id ${service.bucket.compartment_id}",
        "where target.bucket.name = '${service.bucket.name}'",
      ])],
      [for allowed in service.allowed : "Allow dynamic-group ${var.name} to ${allowed}"],
    )
  }
}

resource "oci_identity_policy" "services" {
  for_each = { for name, statements in local.service_statements : name => statements if local.grouped && length(statements) > 0 }
  provider = oci.home

  compartment_id = var.tenancy_id
  name           = "${var.name}-service-${each.key}"
  description    = "The function may call what is open of this service"
  freeform_tags  = var.freeform_tags
  statements     = each.value

  depends_on = [oci_identity_dynamic_group.this]
}
