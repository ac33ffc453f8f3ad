# What the form asks. Its words are in schema.yaml; `tests/terraform/stack.py` holds the two against each other and against the
# module, whose validations are the ones that count.

variable "tenancy_ocid" {
  description = "OCID of the tenancy."
  type        = string
}

variable "region" {
  description = "Region of gateway and function: that of the stack."
  type        = string
}

variable "compartment_ocid" {
  description = "Where gateway, function, logs and network are made; one of their own is best."
  type        = string
}

variable "name" {
  description = "Name of what is made, and the start of the names where there are several. Unique in the tenancy."
  type        = string
  default     = "model-deployment-fn"
}

variable "model_kind" {
  description = "prediction, or openai for a server of OpenAI's protocol."
  type        = string
  default     = "prediction"

  validation {
    condition     = contains(["prediction", "openai"], var.model_kind)
    error_message = "A model is of the kind prediction or openai."
  }
}

variable "model_name" {
  description = "The path that the model is called by: letters, digits, _ and -."
  type        = string
  default     = "model"
}

variable "model_url" {
  description = "What the Console shows under Invoking your model: with /predict at its end for prediction, without for openai."
  type        = string
}

variable "model_compartment_id" {
  description = "Where the model deployment is: the function may predict in this compartment."
  type        = string
}

variable "domain_url" {
  description = "URL of the identity domain that gives the tokens, as its page shows it: https://idcs-....identity.oraclecloud.com."
  type        = string
}

variable "static_keys" {
  description = "What `mdfn jwk` prints for the domain: a list in JSON. [] lets the gateway fetch them."
  type        = string
  default     = "[]"

  validation {
    condition     = can(jsondecode(var.static_keys))
    error_message = "It is not JSON."
  }
}

variable "publish_signing_certificate" {
  description = "Lets the domain show its public keys to everybody, which a gateway that fetches them needs. A setting of the whole domain."
  type        = bool
  default     = false
}

variable "hosting" {
  description = "function, or container_instance for the streaming server, which costs by the hour."
  type        = string
  default     = "function"
}

variable "image" {
  description = "Image of the function or server in the registry of the stack's region: <registry>/<namespace>/<repository>:<tag>. Leave it empty for the first apply, which makes the repository."
  type        = string
  default     = ""
}

variable "function_id" {
  description = "OCID of the function that the output deploy_command made, instead of an image. Leave it empty for the first apply, which makes its application."
  type        = string
  default     = ""
}

variable "policies" {
  description = "Needs the right to manage both in the root compartment. Without it an administrator makes what the outputs dynamic_group_rule and policy_statements say."
  type        = bool
  default     = true
}

variable "show_advanced" {
  description = "All else has a default."
  type        = bool
  default     = false
}

variable "models" {
  description = "Further models for predictions, in JSON: {\"iris\": {\"predict_url\": \"https://...\", \"compartment_id\": \"ocid1...\"}}."
  type        = string
  default     = "{}"

  validation {
    condition     = can(jsondecode(var.models))
    error_message = "It is not JSON."
  }
}

variable "openai_models" {
  description = "Further servers, in JSON: {\"llm\": {\"base_url\": \"https://...\", \"compartment_id\": \"ocid1...\"}}."
  type        = string
  default     = "{}"

  validation {
    condition     = can(jsondecode(var.openai_models))
    error_message = "It is not JSON."
  }
}

variable "services" {
  description = "Other OCI services, in JSON: {\"chat\": {\"service\": \"inference.generativeai\", \"open\": [\"@openai-chat\"], ...}}."
  type        = string
  default     = "{}"

  validation {
    condition     = can(jsondecode(var.services))
    error_message = "It is not JSON."
  }
}

variable "audience" {
  description = "Primary audience of the tokens, ending in a slash. Empty, it is https://<hostname of the gateway>/."
  type        = string
  default     = ""
}

variable "scope" {
  description = "The one scope of the audience, which every route but an anonymous /healthz asks for."
  type        = string
  default     = "predict"
}

variable "token_lifetime" {
  description = "Seconds that an access token is good for."
  type        = number
  default     = 3600
}

variable "issuers" {
  description = "Values of the claim iss that the gateway accepts, exact, up to five; a list in JSON."
  type        = string
  default     = "[\"https://identity.oraclecloud.com/\"]"

  validation {
    condition     = can(jsondecode(var.issuers))
    error_message = "It is not JSON."
  }
}

variable "clients" {
  description = "Client ids that may call beside the stack's own, a list in JSON: [] is the own alone. Empty, whoever was granted the scope may call."
  type        = string
  default     = ""

  validation {
    condition     = var.clients == "" || can(jsondecode(var.clients))
    error_message = "It is not JSON."
  }
}

variable "jwks_uri" {
  description = "Where the gateway fetches the keys, if there are no public keys above. Empty, it is the domain's own address."
  type        = string
  default     = ""
}

variable "path_prefix" {
  description = "Path before the routes."
  type        = string
  default     = "/models"
}

variable "endpoint_type" {
  description = "Whether the gateway can be reached from the internet."
  type        = string
  default     = "PUBLIC"
}

variable "rate_limit" {
  description = "Requests a second that the gateway lets through, all callers together."
  type        = number
  default     = 50
}

variable "client_rate_limit" {
  description = "Requests a second of each client by itself; needs Clients. 0 is none."
  type        = number
  default     = 0
}

variable "anonymous_health" {
  description = "Whether /healthz answers without a token."
  type        = bool
  default     = false
}

variable "image_digest" {
  description = "sha256:<64 hex digits>, so that no later push under the same tag is run."
  type        = string
  default     = ""
}

variable "image_policy_keys" {
  description = "OCIDs of the Vault keys of which one must have signed the image, a list in JSON. [] leaves every image."
  type        = string
  default     = "[]"

  validation {
    condition     = can(jsondecode(var.image_policy_keys))
    error_message = "It is not JSON."
  }
}

variable "shape" {
  description = "Processors that the image or the archive is for."
  type        = string
  default     = "GENERIC_X86"
}

variable "memory" {
  description = "Megabytes of memory of one container; processor time grows with it."
  type        = string
  default     = "128"
}

variable "timeout" {
  description = "Seconds that a call may take. A model may take 60 of them, the function waits 65."
  type        = number
  default     = 120
}

variable "provisioned_concurrency" {
  description = "Calls at once for which containers are kept ready, at a price; 0 is none."
  type        = number
  default     = 0
}

variable "function_config" {
  description = "Further configuration of the function, in JSON: {\"LOG_LEVEL\": \"debug\"}."
  type        = string
  default     = "{}"

  validation {
    condition     = can(jsondecode(var.function_config))
    error_message = "It is not JSON."
  }
}

variable "detached_timeout" {
  description = "Seconds that a detached call may take, from 5 to 3600; 0 leaves it to the service. It counts for a function that is made of image."
  type        = number
  default     = 0
}

variable "success_destination" {
  description = "Destination of a detached call that succeeded, in JSON: {\"kind\": \"STREAM\", \"id\": OCID, \"compartment_id\": OCID}. Other kinds are QUEUE and NOTIFICATION."
  type        = string
  default     = ""

  validation {
    condition     = var.success_destination == "" || can(jsondecode(var.success_destination))
    error_message = "It is not JSON."
  }
}

variable "failure_destination" {
  description = "Destination of a detached call that failed, in JSON: {\"kind\": \"STREAM\", \"id\": OCID, \"compartment_id\": OCID}. Other kinds are QUEUE and NOTIFICATION."
  type        = string
  default     = ""

  validation {
    condition     = var.failure_destination == "" || can(jsondecode(var.failure_destination))
    error_message = "It is not JSON."
  }
}

variable "server_shape" {
  description = "Shape of the container instance, with processors that the image is for."
  type        = string
  default     = "CI.Standard.E4.Flex"
}

variable "server_ocpus" {
  description = "OCPUs of the container instance; it is billed by the hour for each, used or not."
  type        = number
  default     = 1
}

variable "server_memory" {
  description = "Gigabytes of memory of the container instance, at least one for each OCPU."
  type        = number
  default     = 2
}

variable "availability_domain" {
  description = "Name of the availability domain of the container instance. Empty, it is the region's first."
  type        = string
  default     = ""
}

variable "server_config" {
  description = "Further configuration of the server, in JSON: {\"DRAIN_TIMEOUT\": \"120\"}."
  type        = string
  default     = "{}"

  validation {
    condition     = can(jsondecode(var.server_config))
    error_message = "It is not JSON."
  }
}

variable "own_subnets" {
  description = "Otherwise a network is made."
  type        = bool
  default     = false
}

variable "network_compartment_id" {
  description = "Where the subnets are looked for."
  type        = string
  default     = ""
}

variable "vcn_id" {
  description = "Whose subnets are offered."
  type        = string
  default     = ""
}

variable "gateway_subnet_id" {
  description = "A regional one, into which port 443 is open."
  type        = string
  default     = ""
}

variable "function_subnet_id" {
  description = "One with a way out to Oracle's services and to the models; for a server, into which the gateway's may reach port 8080."
  type        = string
  default     = ""
}

variable "vcn_cidr" {
  description = "Addresses of the network that is made: half for the gateway, half for the function or server."
  type        = string
  default     = "10.0.0.0/24"
}

variable "allowed_cidr" {
  description = "Addresses that may reach the gateway in the network that is made."
  type        = string
  default     = "0.0.0.0/0"
}

variable "oracle_services_only" {
  description = "Whether the function's subnet that is made reaches Oracle's services and nothing else. Try whether the model is among them."
  type        = bool
  default     = false
}

variable "log_retention" {
  description = "Days that logs are kept."
  type        = string
  default     = "30"
}

variable "alarm_email" {
  description = "Who gets the alarms, by e-mail. Without this and without topics there are no alarms."
  type        = string
  default     = ""
}

variable "alarm_topic_ids" {
  description = "OCIDs of notification topics that get the alarms, too; a list in JSON."
  type        = string
  default     = "[]"

  validation {
    condition     = can(jsondecode(var.alarm_topic_ids))
    error_message = "It is not JSON."
  }
}

variable "alarm_latency" {
  description = "Seconds in which 99 of 100 calls have to be done, else there is an alarm; needs a namespace."
  type        = number
  default     = 60
}

variable "alarm_silence" {
  description = "Hours without any call after which there is an alarm; 0 is none."
  type        = number
  default     = 0
}

variable "metrics_namespace" {
  description = "Namespace of Monitoring that the function posts its metrics to, such as model_deployment_fn. Empty, it posts none."
  type        = string
  default     = ""
}

variable "metrics_compartment_id" {
  description = "Empty, it is that of the function."
  type        = string
  default     = ""
}

variable "tracing" {
  description = "Whether calls are traced to Application Performance Monitoring."
  type        = bool
  default     = false
}

variable "apm_compartment_id" {
  description = "Where the APM domain is looked for."
  type        = string
  default     = ""
}

variable "apm_domain_id" {
  description = "Where traces go. Empty, a free domain is made."
  type        = string
  default     = ""
}

variable "dashboard" {
  description = "Whether a dashboard of the metrics is made."
  type        = bool
  default     = false
}

variable "freeform_tags" {
  description = "Free-form tags, in JSON: {\"team\": \"models\"}."
  type        = string
  default     = "{}"

  validation {
    condition     = can(jsondecode(var.freeform_tags))
    error_message = "It is not JSON."
  }
}
