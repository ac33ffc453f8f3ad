# What runs behind the gateway, and the streaming server in a container instance: docs/server.md

variable "hosting" {
  description = "What runs behind the gateway: function, or container_instance for the streaming server. Of the two, image is the image of the one that is chosen."
  type        = string
  default     = "function"

  validation {
    condition     = contains(["function", "container_instance"], var.hosting)
    error_message = "hosting is function or container_instance."
  }
}

variable "server_shape" {
  description = "Shape of the container instance, with processors that the image is for."
  type        = string
  default     = "CI.Standard.E4.Flex"

  validation {
    condition     = length(regexall("^CI\\.Standard\\.[A-Z0-9]+\\.Flex$", var.server_shape)) == 1
    error_message = "A shape of a container instance is CI.Standard.<processor>.Flex."
  }
}

variable "server_ocpus" {
  description = "OCPUs of the container instance; it is billed by the hour for each, used or not."
  type        = number
  default     = 1

  validation {
    condition     = var.server_ocpus >= 1 && floor(var.server_ocpus) == var.server_ocpus
    error_message = "A whole number of OCPUs from 1."
  }
}

variable "server_memory" {
  description = "Gigabytes of memory of the container instance, at least one for each OCPU. MAX_BUFFERED of server_config must fit in."
  type        = number
  default     = 2

  validation {
    condition     = var.server_memory >= 1
    error_message = "A container instance has 1 GB or more."
  }
}

variable "availability_domain" {
  description = "Name of the availability domain of the container instance. Unset, it is the region's first."
  type        = string
  default     = null
}

variable "server_config" {
  description = "Further configuration of the server, such as LOG_LEVEL, DRAIN_TIMEOUT or MAX_CONCURRENT."
  type        = map(string)
  default     = {}

  validation {
    condition     = !contains(keys(var.server_config), "ALLOWED_DEPLOYMENTS")
    error_message = "ALLOWED_DEPLOYMENTS is set to the deployments of the routes; give a further one a route."
  }

  validation {
    condition = alltrue([
      for name in keys(var.server_config) :
      !contains(["LISTEN_ADDRESS", "ADMIN_ADDRESS", "GATEWAY_SECRET_FILE", "TLS_CERT_FILE", "TLS_KEY_FILE"], name) && !startswith(name, "TOKEN_") && !startswith(name, "METRICS_")
    ])
    error_message = "The module itself says where the server listens and that the gateway alone is trusted; a server posts no metrics."
  }

  validation {
    condition = alltrue([
      for name in keys(var.server_config) :
      length(regexall("^[A-Za-z_][A-Za-z0-9_]*$", name)) == 1
    ])
    error_message = "The name of a variable is letters, digits and _, and does not begin with a digit."
  }

  validation {
    condition     = length(regexall("^[0-9]{1,3}$", lookup(var.server_config, "DRAIN_TIMEOUT", "30"))) == 1
    error_message = "DRAIN_TIMEOUT is a whole number of seconds, up to 999."
  }
}
