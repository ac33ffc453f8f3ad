# Other OCI services

variable "services" {
  description = "Operations of other OCI services, by the name that is their alias and their path. Each is an entry of ALLOWED_SERVICES, and besides: the scope of its route (the name, if unset), the bucket that it reads, and further statements, each what follows `to`."
  type = map(object({
    service      = optional(string)
    host         = optional(string)
    region       = optional(list(string), [])
    form         = optional(string)
    base         = optional(string)
    open         = list(string)
    mount        = optional(string)
    compartments = optional(list(string), [])
    projects     = optional(list(string), [])
    models       = optional(list(string), [])
    set          = optional(map(string), {})
    headers      = optional(list(string), [])
    returns      = optional(list(string), [])
    retry        = optional(list(string), [])
    stateless    = optional(bool, false)

    scope   = optional(string)
    bucket  = optional(object({ compartment_id = string, name = string }))
    allowed = optional(list(string), [])
  }))
  default = {}

  validation {
    condition = alltrue([
      for name in keys(var.services) :
      length(regexall("^[a-z0-9][a-z0-9-]{0,31}$", name)) == 1 && !contains(["healthz", "readyz"], name)
    ])
    error_message = "The name of a service is 1 to 32 of a-z, 0-9 and -, with a letter or a digit first, and is neither healthz nor readyz."
  }

  validation {
    condition     = alltrue([for service in values(var.services) : (service.service == null) != (service.host == null)])
    error_message = "A service has exactly one of service and host."
  }

  validation {
    condition = alltrue(flatten([
      for service in values(var.services) : [
        for item in service.open :
        contains(["@openai-chat", "@openai-responses", "@openai-state", "@genai-native"], item) ||
        length(regexall("^(GET|HEAD|POST|PUT|PATCH|DELETE)(,(GET|HEAD|POST|PUT|PATCH|DELETE))* /[^ ]+$", item)) == 1
      ]
    ]))
    error_message = "What is open is a preset, such as @openai-chat, or methods and a path, such as GET,POST /20210201/queues/{}/messages."
  }

  validation {
    condition = alltrue([
      for service in values(var.services) :
      !contains(service.open, "@openai-chat") || (length(service.compartments) > 0 && length(service.models) > 0)
    ])
    error_message = "@openai-chat needs compartments and models: the policy is made of them."
  }

  validation {
    condition = alltrue([
      for service in values(var.services) :
      !contains(service.open, "@openai-responses") || length(service.compartments) > 0
    ])
    error_message = "@openai-responses needs compartments: the policy is made of them."
  }

  validation {
    condition = alltrue(flatten([
      for service in values(var.services) : [
        for compartment in concat(service.compartments, service.bucket == null ? [] : [service.bucket.compartment_id]) :
        length(regexall("^ocid1\\.(compartment|tenancy)\\.[a-z0-9]+\\.\\.[a-z0-9]+$", compartment)) == 1
      ]
    ]))
    error_message = "The compartment of a service is an OCID: ocid1.compartment.<realm>..<id>."
  }

  validation {
    condition = alltrue(flatten([
      for service in values(var.services) : [
        for model in service.models : length(regexall("^[A-Za-z0-9._:/-]+$", model)) == 1
      ]
    ]))
    error_message = "A model is its full name, such as xai.grok-4.3, or the OCID of an endpoint."
  }

  validation {
    condition = alltrue([
      for service in values(var.services) :
      service.bucket == null ? true : length(regexall("^[A-Za-z0-9._-]+$", service.bucket.name)) == 1
    ])
    error_message = "The name of a bucket is letters, digits, -, _ and dots."
  }

  validation {
    condition = alltrue([
      for service in values(var.services) :
      service.scope == null ? true : length(regexall("^[A-Za-z0-9_.:-]+$", service.scope)) == 1
    ])
    error_message = "A scope is letters, digits and _ . : -."
  }
}
