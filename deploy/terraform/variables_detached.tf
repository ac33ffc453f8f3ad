# Detached calls, whose callers do not wait: docs/detached.md

variable "detached_timeout" {
  description = "Seconds that a detached call of the function that is made of image may take, from 5 to 3600. Unset, it is the service's own default."
  type        = number
  default     = null

  validation {
    condition     = var.detached_timeout == null ? true : var.detached_timeout >= 5 && var.detached_timeout <= 3600 && floor(var.detached_timeout) == var.detached_timeout
    error_message = "A detached call may take 5 to 3600 seconds."
  }
}

variable "success_destination" {
  description = "Destination of a detached call that succeeded: kind (STREAM, QUEUE, NOTIFICATION), id (OCID of the stream, queue or topic), compartment_id (its compartment) and, for a queue, channel_id. Kind NONE, with nothing else, takes a destination away."
  type        = object({ kind = string, id = optional(string), compartment_id = optional(string), channel_id = optional(string) })
  default     = null

  validation {
    condition     = var.success_destination == null ? true : contains(["STREAM", "QUEUE", "NOTIFICATION", "NONE"], var.success_destination.kind)
    error_message = "The kind of a destination is STREAM, QUEUE, NOTIFICATION or NONE."
  }

  validation {
    condition = try(var.success_destination.kind, "NONE") == "NONE" ? alltrue([
      for part in [try(var.success_destination.id, null), try(var.success_destination.compartment_id, null)] : part == null
      ]) : length(regexall(
      "^ocid1\\.${lookup({ STREAM = "stream", QUEUE = "queue", NOTIFICATION = "onstopic" }, var.success_destination.kind, "-")}\\.[a-z0-9]+\\.[a-z0-9-]+\\.[a-z0-9]+$",
      coalesce(var.success_destination.id, "none"),
    )) == 1
    error_message = "A destination has the OCID of what its kind says, a stream, a queue or a topic; NONE has none."
  }

  validation {
    condition = try(var.success_destination.kind, "NONE") == "NONE" ? true : length(regexall(
      "^ocid1\\.(compartment|tenancy)\\.[a-z0-9]+\\.\\.[a-z0-9]+$", coalesce(var.success_destination.compartment_id, "none"),
    )) == 1
    error_message = "The compartment of a destination is an OCID: ocid1.compartment.<realm>..<id>."
  }

  validation {
    condition     = try(var.success_destination.channel_id, null) == null ? true : var.success_destination.kind == "QUEUE"
    error_message = "A queue alone has channels."
  }
}

variable "failure_destination" {
  description = "Destination of a detached call that failed, in the form of success_destination."
  type        = object({ kind = string, id = optional(string), compartment_id = optional(string), channel_id = optional(string) })
  default     = null

  validation {
    condition     = var.failure_destination == null ? true : contains(["STREAM", "QUEUE", "NOTIFICATION", "NONE"], var.failure_destination.kind)
    error_message = "The kind of a destination is STREAM, QUEUE, NOTIFICATION or NONE."
  }

  validation {
    condition = try(var.failure_destination.kind, "NONE") == "NONE" ? alltrue([
      for part in [try(var.failure_destination.id, null), try(var.failure_destination.compartment_id, null)] : part == null
      ]) : length(regexall(
      "^ocid1\\.${lookup({ STREAM = "stream", QUEUE = "queue", NOTIFICATION = "onstopic" }, var.failure_destination.kind, "-")}\\.[a-z0-9]+\\.[a-z0-9-]+\\.[a-z0-9]+$",
      coalesce(var.failure_destination.id, "none"),
    )) == 1
    error_message = "A destination has the OCID of what its kind says, a stream, a queue or a topic; NONE has none."
  }

  validation {
    condition = try(var.failure_destination.kind, "NONE") == "NONE" ? true : length(regexall(
      "^ocid1\\.(compartment|tenancy)\\.[a-z0-9]+\\.\\.[a-z0-9]+$", coalesce(var.failure_destination.compartment_id, "none"),
    )) == 1
    error_message = "The compartment of a destination is an OCID: ocid1.compartment.<realm>..<id>."
  }

  validation {
    condition     = try(var.failure_destination.channel_id, null) == null ? true : var.failure_destination.kind == "QUEUE"
    error_message = "A queue alone has channels."
  }
}
