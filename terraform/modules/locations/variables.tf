variable "name" {
  description = "Name of the queue, and beginning of the other names."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,28}$", var.name))
    error_message = "Lower-case letters, digits and hyphens, 29 characters at most: the name of a bucket begins with it."
  }
}

variable "max_receive_count" {
  description = "Receives after which SQS moves a message to the dead-letter queue. The service parks on the last of them, with the reason."
  type        = number
  default     = 5

  validation {
    condition     = var.max_receive_count >= 5 && var.max_receive_count <= 1000
    error_message = "Between 5 and 1000: a deployment and the loss of a spot task use up one each, and what is left are the tries of a picture."
  }
}

variable "visibility_timeout_seconds" {
  description = "For consumers that do not ask for a time of their own. The service asks for 60 s and extends them while it works."
  type        = number
  default     = 60

  validation {
    condition     = var.visibility_timeout_seconds >= 30 && var.visibility_timeout_seconds <= 43200
    error_message = "Between 30 s and 12 hours."
  }
}

variable "message_retention_seconds" {
  description = "How long an id waits before SQS forgets it, without a trace. The alarm on the age of the oldest comes long before."
  type        = number
  default     = 604800

  validation {
    condition     = var.message_retention_seconds >= 86400 && var.message_retention_seconds < 1209600
    error_message = "At least a day, and less than the 14 days of the dead-letter queue."
  }
}

variable "upstream_topic_arns" {
  description = "SNS topics on which ids are announced to this stage, each under a name of your choice. The queue is subscribed to each."
  type        = map(string)
  default     = {}
}

variable "announce" {
  description = "Whether there is a topic on which the service announces the ids of augmented images."
  type        = bool
  default     = true
}

variable "subscriber_account_ids" {
  description = "Other accounts that may subscribe to the topic. They need kms_key_arn too: the default key belongs to this account."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for id in var.subscriber_account_ids : can(regex("^[0-9]{12}$", id))])
    error_message = "Account ids have twelve digits."
  }
}

variable "models_bucket_name" {
  description = "Name of the bucket of model sets; by default one that is free and begins with `name`."
  type        = string
  default     = null
}

variable "kms_key_arn" {
  description = "Key for queues, topic and bucket in place of AWS's own. Its policy must let sns.amazonaws.com use it where there are upstream topics."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of everything."
  type        = map(string)
  default     = {}
}
