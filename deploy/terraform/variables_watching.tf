# How it is watched: logs, alarms, metrics, traces, dashboard. All but the logs is off until it is asked for.

variable "log_retention" {
  description = "Days that logs are kept."
  type        = number
  default     = 30

  validation {
    condition     = contains([30, 60, 90, 120, 150, 180], var.log_retention)
    error_message = "Logs are kept for 30, 60, 90, 120, 150 or 180 days."
  }
}

# Alarms

variable "alarm_email" {
  description = "Who gets the alarms, by e-mail. Without this and without alarm_topic_ids there are no alarms."
  type        = string
  default     = null

  validation {
    condition     = var.alarm_email == null ? true : length(regexall("^[^@\\s]+@[^@\\s]+$", var.alarm_email)) == 1
    error_message = "An e-mail address."
  }
}

variable "alarm_topic_ids" {
  description = "OCIDs of notification topics that get the alarms, too: for a pager, a chat or a function."
  type        = list(string)
  default     = []

  validation {
    condition = alltrue([
      for topic in var.alarm_topic_ids :
      length(regexall("^ocid1\\.onstopic\\.[a-z0-9]+\\.[a-z0-9-]+\\.[a-z0-9]+$", topic)) == 1
    ])
    error_message = "A topic is an OCID: ocid1.onstopic.<realm>.<region>.<id>."
  }
}

variable "alarm_latency" {
  description = "Seconds in which 99 of 100 calls have to be done, else there is an alarm; needs metrics_namespace. A model may take 60."
  type        = number
  default     = 60

  validation {
    condition     = var.alarm_latency > 0 && var.alarm_latency <= 300
    error_message = "More than 0 and up to 300 seconds."
  }
}

variable "alarm_silence" {
  description = "Hours without any call after which there is an alarm. Unset, silence is no alarm."
  type        = number
  default     = null

  validation {
    condition     = var.alarm_silence == null ? true : var.alarm_silence >= 1 && var.alarm_silence <= 24 && floor(var.alarm_silence) == var.alarm_silence
    error_message = "A whole number of hours, from 1 to 24."
  }
}

# Metrics of the function's own

variable "metrics_namespace" {
  description = "Namespace in OCI Monitoring that the function posts its metrics to, such as model_deployment_fn. Unset, it posts none."
  type        = string
  default     = null

  validation {
    condition     = var.metrics_namespace == null ? true : length(regexall("^[a-z][a-z0-9_]{0,254}[a-z0-9]$", var.metrics_namespace)) == 1
    error_message = "A namespace is up to 256 lower-case letters, digits and _, begins with a letter and does not end in _."
  }

  validation {
    condition     = var.metrics_namespace == null ? true : length(regexall("^(oci|oracle)_", var.metrics_namespace)) == 0
    error_message = "Namespaces that begin with oci_ or oracle_ are Oracle's."
  }
}

variable "metrics_compartment_id" {
  description = "OCID of the compartment that the metrics belong to. Unset, it is that of the function."
  type        = string
  default     = null

  validation {
    condition     = var.metrics_compartment_id == null ? true : length(regexall("^ocid1\\.(compartment|tenancy)\\.[a-z0-9]+\\.\\.[a-z0-9]+$", var.metrics_compartment_id)) == 1
    error_message = "Not the OCID of a compartment: ocid1.compartment.<realm>..<id> is expected."
  }
}

# Traces

variable "tracing" {
  description = "Whether calls are traced to OCI Application Performance Monitoring."
  type        = bool
  default     = false
}

variable "apm_domain" {
  description = "The APM domain that traces go to, and its compartment. Unset, a free one is made where tracing is on."
  type        = object({ id = string, compartment_id = string })
  default     = null

  validation {
    condition     = var.apm_domain == null ? true : length(regexall("^ocid1\\.apmdomain\\.[a-z0-9]+\\.[a-z0-9-]+\\.[a-z0-9]+$", var.apm_domain.id)) == 1
    error_message = "An APM domain is an OCID: ocid1.apmdomain.<realm>.<region>.<id>."
  }

  validation {
    condition     = var.apm_domain == null ? true : length(regexall("^ocid1\\.(compartment|tenancy)\\.[a-z0-9]+\\.\\.[a-z0-9]+$", var.apm_domain.compartment_id)) == 1
    error_message = "The compartment of an APM domain is an OCID: ocid1.compartment.<realm>..<id>."
  }
}

# Dashboard

variable "dashboard" {
  description = "Whether a dashboard of the metrics is made."
  type        = bool
  default     = false
}
