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

variable "egress_ports" {
  description = "Ports on which AWS, Elasticsearch and the hosts of pictures are reached."
  type        = set(number)
  default     = [80, 443, 9243]
}

variable "alarm_addresses" {
  description = "Mail addresses that alarms go to. Each must be confirmed once."
  type        = set(string)
  default     = []
}

variable "image_tag" {
  description = "Tag of the image in the repository that is made here."
  type        = string
  default     = null
}

variable "image" {
  description = "An image elsewhere, in place of image_tag. Best by digest."
  type        = string
  default     = null
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

variable "models_cache" {
  description = "Where in the container weights are kept."
  type        = string
  default     = "/var/cache/inference-manager"
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

variable "secrets" {
  description = "Environment variables whose values are in Secrets Manager or in Parameter Store: name to ARN."
  type        = map(string)
  default     = {}
}

variable "secrets_kms_key_arn" {
  description = "Key that the secrets are encrypted with, where it is not AWS's own."
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

variable "announce" {
  description = "Whether there is a topic on which the service announces the ids of augmented images."
  type        = bool
  default     = true
}

variable "subscriber_account_ids" {
  description = "Other accounts that may subscribe to the topic of augmented ids. They need kms_key_arn too."
  type        = set(string)
  default     = []
}

variable "payload_buckets" {
  description = "Buckets that messages may point to where they are too large for the queue."
  type        = set(string)
  default     = []
}

variable "models_bucket_name" {
  description = "Name of the bucket of model sets; by default one that is free."
  type        = string
  default     = null
}

variable "kms_key_arn" {
  description = "Key for queues, topic, bucket and repository in place of AWS's own."
  type        = string
  default     = null
}

variable "max_receive_count" {
  description = "Receives after which SQS moves a message to the dead-letter queue."
  type        = number
  default     = 5
}

variable "message_retention_seconds" {
  description = "How long an id waits before SQS forgets it, without a trace."
  type        = number
  default     = 604800
}

variable "environment" {
  description = "More of the service's environment variables."
  type        = map(string)
  default     = {}
}

variable "sidecars" {
  description = "Further containers of the task, started before the service."
  type = list(object({
    name         = string
    image        = string
    cpu          = optional(number)
    memory       = optional(number)
    command      = optional(list(string))
    environment  = optional(map(string), {})
    health_check = list(string)
  }))
  default = []
}

variable "sidecar_repository_arns" {
  description = "ECR repositories that the images of sidecars come from."
  type        = set(string)
  default     = []
}

variable "compatibility" {
  description = "FARGATE, or EC2 with a capacity provider of yours among capacity_providers."
  type        = string
  default     = "FARGATE"
}

variable "capacity_providers" {
  description = "FARGATE, FARGATE_SPOT or both, with base and weight; with compatibility EC2 one of yours."
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

variable "target_wait_seconds" {
  description = "How long a message may wait before more tasks are wanted."
  type        = number
  default     = 600
}

variable "idle_minutes" {
  description = "Minutes that the queue must have been empty before the last task is stopped."
  type        = number
  default     = 5
}

variable "drain_seconds" {
  description = "How long a stop lets pictures in flight be finished."
  type        = number
  default     = 25
}

variable "last_scrape_seconds" {
  description = "How long /metrics outlives the drain; as long as the interval of the scrapes."
  type        = number
  default     = 15
}

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
  default     = 365
}

variable "log_kms_key_arn" {
  description = "Key that the logs are encrypted with in place of CloudWatch's own."
  type        = string
  default     = null
}

variable "log_configuration" {
  description = "Another log driver than CloudWatch's, as the task definition's logConfiguration has it; not awsfirelens."
  type        = any
  default     = null
}

variable "oldest_message_age_alarm_seconds" {
  description = "Age of the oldest message at which there is an alarm."
  type        = number
  default     = 1800
}

variable "runbook_url" {
  description = "Where docs/operations.md is to be read; alarms name it with the anchor of their entry."
  type        = string
  default     = "docs/operations.md"
}
