variable "region" {
  description = "The region of everything."
  type        = string
}

variable "name" {
  description = "Name of the service and of the cluster."
  type        = string
  default     = "inference-manager"
}

variable "tags" {
  description = "Tags of everything."
  type        = map(string)
  default     = {}
}

variable "vpc_id" {
  description = "The VPC of the subnets."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets of the tasks."
  type        = list(string)
}

variable "assign_public_ip" {
  description = "True in subnets without a NAT gateway."
  type        = bool
  default     = false
}

variable "scraper_security_groups" {
  description = "Ids of the security groups from which Prometheus scrapes, each under a name of your choice."
  type        = map(string)
  default     = {}
}

variable "alarm_addresses" {
  description = "Mail addresses that alarms go to. Each must be confirmed once."
  type        = set(string)
  default     = []
}

variable "image_tag" {
  description = "Tag of the image in the repository that is made here."
  type        = string
}

variable "models" {
  description = "The model set: `bundled`, the name of a folder in the bucket that is made here, or `s3://bucket/prefix/`."
  type        = string
}

variable "features_dimensions" {
  description = "Length of the feature vectors where it is not 4096: 1280 for the bundled set."
  type        = number
  default     = null
}

variable "elasticsearch_url" {
  description = "The cluster of both indices."
  type        = string
}

variable "elasticsearch_api_key_secret_arn" {
  description = "Secret with the API key."
  type        = string
  default     = null
}

variable "initial_index" {
  description = "The index of initial documents."
  type        = string
}

variable "augmented_index" {
  description = "The index of augmented documents. It must exist."
  type        = string
}

variable "upstream_topic_arns" {
  description = "SNS topics on which ids are announced to this stage, each under a name of your choice."
  type        = map(string)
  default     = {}
}

variable "environment" {
  description = "More of the service's environment variables."
  type        = map(string)
  default     = {}
}

variable "capacity_providers" {
  description = "FARGATE, FARGATE_SPOT or both, with base and weight."
  type        = map(object({ base = optional(number, 0), weight = number }))
  default     = { FARGATE_SPOT = { weight = 1 } }
}

variable "cpu" {
  description = "CPU units of a task."
  type        = number
  default     = 2048
}

variable "memory" {
  description = "MiB of a task."
  type        = number
  default     = 4096
}

variable "min_tasks" {
  description = "Tasks that always run."
  type        = number
  default     = 0
}

variable "max_tasks" {
  description = "Tasks at most."
  type        = number
  default     = 4
}

variable "images_per_second_per_task" {
  description = "What a task does with the model set."
  type        = number
  default     = 13
}
