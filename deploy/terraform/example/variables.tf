variable "region" {
  description = "Region of gateway and function."
  type        = string
}

variable "home_region" {
  description = "Home region of the tenancy."
  type        = string
}

variable "tenancy_id" {
  description = "OCID of the tenancy."
  type        = string
}

variable "compartment_id" {
  description = "OCID of the compartment for gateway and function."
  type        = string
}

variable "domain_url" {
  description = "URL of the identity domain."
  type        = string
}

variable "static_keys" {
  description = "Public keys of the domain, as `mdfn jwk` prints them."
  type        = list(map(string))
  default     = []
}

variable "models" {
  description = "Models for predictions: name, predict URL and compartment."
  type        = map(object({ predict_url = string, compartment_id = string }))
  default     = {}
}

variable "openai_models" {
  description = "OpenAI-compatible servers: name, base URL and compartment."
  type        = map(object({ base_url = string, compartment_id = string }))
  default     = {}
}

variable "image" {
  description = "Image of the function. Without it and without function_id all is made that does not need the function."
  type        = string
  default     = null
}

variable "function_id" {
  description = "OCID of a function that `mdfn deploy` made, instead of image."
  type        = string
  default     = null
}

variable "alarm_email" {
  description = "Who gets the alarms, by e-mail."
  type        = string
  default     = null
}
