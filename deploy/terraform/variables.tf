# Where

variable "tenancy_id" {
  description = "OCID of the tenancy: dynamic group and policies are made in its root compartment."
  type        = string

  validation {
    condition     = length(regexall("^ocid1\\.tenancy\\.[a-z0-9]+\\.\\.[a-z0-9]+$", var.tenancy_id)) == 1
    error_message = "Not the OCID of a tenancy: ocid1.tenancy.<realm>..<id> is expected."
  }
}

variable "compartment_id" {
  description = "OCID of the compartment that gateway, function or server, logs and network are made in."
  type        = string

  validation {
    condition     = length(regexall("^ocid1\\.(compartment|tenancy)\\.[a-z0-9]+\\.\\.[a-z0-9]+$", var.compartment_id)) == 1
    error_message = "Not the OCID of a compartment: ocid1.compartment.<realm>..<id> is expected."
  }
}

variable "name" {
  description = "Name of what is made, and the start of the names where there are several. Unique in the tenancy."
  type        = string
  default     = "model-deployment-fn"

  validation {
    condition     = length(regexall("^[a-z][a-z0-9-]{0,49}$", var.name)) == 1
    error_message = "A name is up to 50 lower-case letters, digits and hyphens, and begins with a letter."
  }
}

variable "freeform_tags" {
  description = "Tags that everything which can have tags gets."
  type        = map(string)
  default     = {}
}

# Rights

variable "policies" {
  description = "Whether the dynamic group and the policies are made. Without, the outputs dynamic_group_rule and policy_statements say what an administrator has to make."
  type        = bool
  default     = true
}

# Models

variable "models" {
  description = "Model deployments for predictions, by the name that is their path: the predict URL and the compartment of each."
  type        = map(object({ predict_url = string, compartment_id = string }))
  default     = {}

  validation {
    condition = alltrue([
      for name in keys(var.models) :
      length(regexall("^[A-Za-z0-9_-]+$", name)) == 1 && !contains(["healthz", "readyz"], name)
    ])
    error_message = "The name of a model is letters, digits, _ and -, and is neither healthz nor readyz."
  }

  validation {
    condition = alltrue([
      for model in values(var.models) :
      length(regexall("^https://[a-z0-9.-]+(:[0-9]+)?/ocid1\\.datasciencemodeldeployment\\.[a-z0-9.-]+/predict(WithResponseStream)?$", model.predict_url)) == 1
    ])
    error_message = "A predict URL is https://<host>/<model deployment OCID>/predict or /predictWithResponseStream."
  }

  validation {
    condition = alltrue([
      for model in values(var.models) :
      length(regexall("^ocid1\\.(compartment|tenancy)\\.[a-z0-9]+\\.\\.[a-z0-9]+$", model.compartment_id)) == 1
    ])
    error_message = "The compartment of a model is an OCID: ocid1.compartment.<realm>..<id>."
  }
}

variable "openai_models" {
  description = "Model deployments that are OpenAI-compatible servers, by the name before their /v1: the base URL and the compartment of each."
  type        = map(object({ base_url = string, compartment_id = string }))
  default     = {}

  validation {
    condition = alltrue([
      for name in keys(var.openai_models) :
      length(regexall("^[A-Za-z0-9_-]+$", name)) == 1 && !contains(["healthz", "readyz"], name)
    ])
    error_message = "The name of a model is letters, digits, _ and -, and is neither healthz nor readyz."
  }

  validation {
    condition = alltrue([
      for model in values(var.openai_models) :
      length(regexall("^https://[a-z0-9.-]+(:[0-9]+)?/ocid1\\.datasciencemodeldeployment\\.[a-z0-9.-]+$", model.base_url)) == 1
    ])
    error_message = "A base URL is https://<host>/<model deployment OCID>, with nothing after the OCID."
  }

  validation {
    condition = alltrue([
      for model in values(var.openai_models) :
      length(regexall("^ocid1\\.(compartment|tenancy)\\.[a-z0-9]+\\.\\.[a-z0-9]+$", model.compartment_id)) == 1
    ])
    error_message = "The compartment of a model is an OCID: ocid1.compartment.<realm>..<id>."
  }
}

# Tokens

variable "domain_url" {
  description = "URL of the identity domain that gives the tokens: https://idcs-<id>.identity.oraclecloud.com, as its page shows it."
  type        = string

  validation {
    condition     = length(regexall("^https://[a-z0-9.-]+(:443)?/?$", var.domain_url)) == 1
    error_message = "The URL of an identity domain is https://<host>, with no path."
  }
}

variable "audience" {
  description = "Primary audience of the tokens, ending in a slash. Unset, it is https://<hostname of the gateway>/."
  type        = string
  default     = null

  validation {
    condition     = var.audience == null ? true : length(regexall("^https?://[^/]+/([^?#]*/)?$", var.audience)) == 1
    error_message = "An audience ends in a slash: the scope is written right after it."
  }
}

variable "scope" {
  description = "The one scope of the audience, which every route but an anonymous /healthz asks for."
  type        = string
  default     = "predict"

  validation {
    condition     = length(regexall("^[A-Za-z0-9_.:-]+$", var.scope)) == 1
    error_message = "A scope is letters, digits and _ . : -."
  }
}

variable "token_lifetime" {
  description = "Seconds that an access token is good for."
  type        = number
  default     = 3600

  validation {
    condition     = var.token_lifetime >= 60 && var.token_lifetime <= 86400 && floor(var.token_lifetime) == var.token_lifetime
    error_message = "A token is good for 60 to 86400 seconds."
  }
}

variable "issuers" {
  description = "Values of the claim iss that the gateway accepts; exact, up to five."
  type        = list(string)
  default     = ["https://identity.oraclecloud.com/"]

  validation {
    condition     = length(var.issuers) >= 1 && length(var.issuers) <= 5
    error_message = "One to five issuers."
  }
}

variable "clients" {
  description = "Further client ids beside the module's own. Unset, whoever was granted the scope may call; set, only these may."
  type        = list(string)
  default     = null
}

variable "static_keys" {
  description = "Public keys of the domain, as `mdfn jwk` gives them. Without any, the gateway fetches them from jwks_uri."
  type = list(object({
    format = optional(string, "JSON_WEB_KEY")
    kid    = string
    kty    = optional(string, "RSA")
    alg    = optional(string, "RS256")
    use    = optional(string, "sig")
    n      = string
    e      = optional(string, "AQAB")
  }))
  default = []

  validation {
    condition     = length(var.static_keys) <= 10
    error_message = "The gateway takes up to ten keys."
  }

  validation {
    condition = alltrue([
      for key in var.static_keys :
      key.format == "JSON_WEB_KEY" && key.kty == "RSA" && key.use == "sig" && contains(["RS256", "RS384", "RS512"], key.alg)
    ])
    error_message = "A key has the format JSON_WEB_KEY, the kty RSA, the use sig and the alg RS256, RS384 or RS512."
  }

  validation {
    condition = alltrue([
      for key in var.static_keys :
      length(regexall("^[A-Za-z0-9_-]{342,683}$", key.n)) == 1
    ])
    error_message = "The modulus n of a key is 2048 to 4096 bits, in base64url without padding."
  }
}

variable "jwks_uri" {
  description = "Where the gateway fetches the domain's keys, if there are no static_keys. Unset, it is the domain's own address."
  type        = string
  default     = null

  validation {
    condition     = var.jwks_uri == null ? true : length(regexall("^https://[^/]+/", var.jwks_uri)) == 1
    error_message = "The address of the keys is an https URL."
  }
}

variable "publish_signing_certificate" {
  description = "Whether the domain shows its public keys to everybody, which a gateway that fetches them needs. It is a setting of the whole domain."
  type        = bool
  default     = false
}

# Gateway

variable "path_prefix" {
  description = "Path before the routes."
  type        = string
  default     = "/models"

  validation {
    condition     = length(regexall("^/([A-Za-z0-9_.~-]+(/[A-Za-z0-9_.~-]+)*)?$", var.path_prefix)) == 1 && length(var.path_prefix) <= 255
    error_message = "A path prefix begins with a slash, does not end in one, and has up to 255 characters."
  }
}

variable "endpoint_type" {
  description = "PUBLIC or PRIVATE: whether the gateway can be reached from the internet."
  type        = string
  default     = "PUBLIC"

  validation {
    condition     = contains(["PUBLIC", "PRIVATE"], var.endpoint_type)
    error_message = "The endpoint of a gateway is PUBLIC or PRIVATE."
  }
}

variable "rate_limit" {
  description = "Requests a second that the gateway lets through, all callers together."
  type        = number
  default     = 50

  validation {
    condition     = var.rate_limit >= 1 && floor(var.rate_limit) == var.rate_limit
    error_message = "A rate limit is a whole number from 1."
  }
}

variable "client_rate_limit" {
  description = "Requests a second that the gateway lets through of each client by itself, by the client_id of its token; needs clients. Unset, rate_limit alone counts."
  type        = number
  default     = null

  validation {
    condition     = var.client_rate_limit == null ? true : var.client_rate_limit >= 1 && floor(var.client_rate_limit) == var.client_rate_limit
    error_message = "A rate limit is a whole number from 1."
  }
}

variable "anonymous_health" {
  description = "Whether /healthz answers without a token."
  type        = bool
  default     = false
}

# Function

variable "image" {
  description = "Image of the function, or of the server where hosting says so, in the registry of the same region: <registry>/<namespace>/<repository>:<tag>. Without it and without function_id everything is made that does not need them."
  type        = string
  default     = null

  validation {
    condition     = var.image == null ? true : length(regexall("^[a-z0-9.-]+/[A-Za-z0-9_./-]+:[A-Za-z0-9_.-]+$", var.image)) == 1
    error_message = "An image is <registry>/<namespace>/<repository>:<tag>."
  }
}

variable "function_id" {
  description = "OCID of a function that is there already, such as one that `mdfn deploy` made of an archive in the module's application; instead of image."
  type        = string
  default     = null

  validation {
    condition     = var.function_id == null ? true : length(regexall("^ocid1\\.fnfunc\\.[a-z0-9]+\\.[a-z0-9-]+\\.[a-z0-9]+$", var.function_id)) == 1
    error_message = "A function is an OCID: ocid1.fnfunc.<realm>.<region>.<id>."
  }
}

variable "image_digest" {
  description = "Digest of that image, so that no later push under the same tag is run: sha256:<64 hex digits>."
  type        = string
  default     = null

  validation {
    condition     = var.image_digest == null ? true : length(regexall("^sha256:[0-9a-f]{64}$", var.image_digest)) == 1
    error_message = "A digest is sha256:<64 hex digits>."
  }
}

variable "image_policy_keys" {
  description = "OCIDs of the Vault keys of which one must have signed the image, or it is not run. None leaves every image."
  type        = list(string)
  default     = []

  validation {
    condition = alltrue([
      for key in var.image_policy_keys :
      length(regexall("^ocid1\\.key\\.[a-z0-9]+\\.[a-z0-9-]+\\.([a-z0-9]+\\.)?[a-z0-9]+$", key)) == 1
    ])
    error_message = "A key of the Vault is an OCID: ocid1.key.<realm>.<region>.<vault>.<id>."
  }
}

variable "shape" {
  description = "Processors that the image is for."
  type        = string
  default     = "GENERIC_X86"

  validation {
    condition     = contains(["GENERIC_X86", "GENERIC_ARM", "GENERIC_X86_ARM"], var.shape)
    error_message = "A shape is GENERIC_X86, GENERIC_ARM, or GENERIC_X86_ARM for an image for both."
  }
}

variable "memory" {
  description = "Megabytes of memory of one container; processor time grows with it."
  type        = number
  default     = 128

  validation {
    condition     = contains([128, 256, 512, 1024, 2048, 3072], var.memory)
    error_message = "A function has 128, 256, 512, 1024, 2048 or 3072 MB."
  }
}

variable "timeout" {
  description = "Seconds that a call may take. A model may take 60 of them, the function waits 65."
  type        = number
  default     = 120

  validation {
    condition     = var.timeout >= 75 && var.timeout <= 300 && floor(var.timeout) == var.timeout
    error_message = "The timeout is 75 to 300 seconds."
  }
}

variable "provisioned_concurrency" {
  description = "Calls at once for which containers are kept ready, at a price; 0 is none."
  type        = number
  default     = 0

  validation {
    condition     = var.provisioned_concurrency >= 0 && floor(var.provisioned_concurrency) == var.provisioned_concurrency
    error_message = "A whole number from 0."
  }
}

variable "function_config" {
  description = "Further configuration of the function, such as LOG_LEVEL, or ALLOWED_HOSTS for private endpoints."
  type        = map(string)
  default     = {}

  validation {
    condition     = !contains(keys(var.function_config), "ALLOWED_DEPLOYMENTS")
    error_message = "ALLOWED_DEPLOYMENTS is set to the deployments of the routes; give a further one a route."
  }

  validation {
    condition     = !contains(keys(var.function_config), "ALLOWED_SERVICES")
    error_message = "Services need a route and a policy, too: set services."
  }

  validation {
    condition = alltrue([
      for name in ["METRICS_NAMESPACE", "METRICS_COMPARTMENT"] :
      !contains(keys(var.function_config), name)
    ])
    error_message = "Metrics need a policy, too: set metrics_namespace and metrics_compartment_id."
  }

  validation {
    condition = alltrue([
      for name in keys(var.function_config) :
      length(regexall("^[A-Za-z_][A-Za-z0-9_]*$", name)) == 1
    ])
    error_message = "The name of a variable is letters, digits and _, and does not begin with a digit."
  }
}

# Network

variable "subnets" {
  description = "Subnets to use: one for the gateway, some for the function, or one for the server, into which the gateway's must reach port 8080. Unset, a network is made."
  type        = object({ gateway = string, functions = list(string) })
  default     = null
}

variable "vcn_cidr" {
  description = "Addresses of the network that is made: half for the gateway, half for the function or server."
  type        = string
  default     = "10.0.0.0/24"

  validation {
    condition     = length(regexall("^[0-9]{1,3}(\\.[0-9]{1,3}){3}/(1[6-9]|2[0-5])$", var.vcn_cidr)) == 1
    error_message = "A network is <address>/16 to <address>/25: the gateway needs 32 free addresses."
  }
}

variable "oracle_services_only" {
  description = "Whether the subnet of function or server that is made reaches Oracle's services and nothing else. Whether model deployments are among them is for you to try: their host is not documented as one."
  type        = bool
  default     = false
}

variable "allowed_cidr" {
  description = "Addresses that may reach the gateway in the network that is made."
  type        = string
  default     = "0.0.0.0/0"

  validation {
    condition     = length(regexall("^[0-9]{1,3}(\\.[0-9]{1,3}){3}/([0-9]|[12][0-9]|3[0-2])$", var.allowed_cidr)) == 1
    error_message = "Addresses are written as <address>/<bits>."
  }
}
