variable "name" {
  description = "Name of the service, the queue and the repository, and beginning of the other names."
  type        = string
  default     = "inference-manager"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,28}$", var.name))
    error_message = "Lower-case letters, digits and hyphens, 29 characters at most: the name of a bucket begins with it."
  }
}

variable "tags" {
  description = "Tags of everything."
  type        = map(string)
  default     = {}
}

# Where it runs

variable "cluster_name" {
  description = "The ECS cluster. It must have Container Insights, whose count of tasks the scaling divides by, and the capacity providers below."
  type        = string
}

variable "vpc_id" {
  description = "The VPC of the subnets."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets of the tasks, with a way to AWS, to Elasticsearch and to the hosts of pictures: a NAT gateway, or assign_public_ip."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) > 0
    error_message = "At least one; spot capacity is found more easily in several zones."
  }
}

variable "assign_public_ip" {
  description = "Whether tasks get a public address, in subnets without a NAT gateway. The security group lets nobody in."
  type        = bool
  default     = false
}

variable "scraper_security_groups" {
  description = "Ids of the security groups from which Prometheus scrapes port 9464, each under a name of your choice."
  type        = map(string)
  default     = {}
}

variable "discovery" {
  description = "Cloud Map namespace in which each task gets an A record below `name`, for dns_sd_configs; none if null. Route 53 answers eight addresses at most: beyond eight tasks have Prometheus find them by Cloud Map's DiscoverInstances or by ECS (docs/operations.md)."
  type        = object({ namespace_id = string })
  default     = null
}

variable "egress_ports" {
  description = "Ports on which AWS, Elasticsearch and the hosts of pictures are reached."
  type        = set(number)
  default     = [80, 443, 9243]
}

variable "compatibility" {
  description = "FARGATE or EC2."
  type        = string
  default     = "FARGATE"

  validation {
    condition     = contains(["FARGATE", "EC2"], var.compatibility)
    error_message = "FARGATE or EC2."
  }
}

variable "capacity_providers" {
  description = "Where tasks are placed: for each capacity provider its base (tasks placed there first) and its weight. A lost spot task costs one receive of what it had in hand."
  type        = map(object({ base = optional(number, 0), weight = number }))
  default     = { FARGATE = { weight = 1 } }

  validation {
    condition     = length(var.capacity_providers) > 0 && length([for provider in values(var.capacity_providers) : provider if provider.base > 0]) <= 1
    error_message = "At least one, and only one may have a base."
  }
}

variable "cpu" {
  description = "CPU units of a task, 1024 for a vCPU. Features get a worker for each vCPU."
  type        = number
  default     = 2048

  validation {
    condition     = contains([512, 1024, 2048, 4096, 8192, 16384], var.cpu)
    error_message = "One of Fargate's sizes: 512, 1024, 2048, 4096, 8192, 16384."
  }
}

variable "memory" {
  description = "MiB of a task, 4096 being the least that Fargate gives with two vCPUs. With two workers the bundled models take 115 MiB and VGG16 505; large pictures add up to 400."
  type        = number
  default     = 4096

  validation {
    condition     = var.memory >= 1024
    error_message = "At least 1024: VGG16 and two large pictures being decoded take that."
  }
}

# What it runs

variable "image_tag" {
  description = "Tag of the image in the repository that this module makes. To deploy, change it and apply."
  type        = string
  default     = null
}

variable "image" {
  description = "An image elsewhere, in place of image_tag. Best by digest."
  type        = string
  default     = null
}

variable "models" {
  description = "The model set: `bundled`, the name of a folder in the bucket that this module makes, or `s3://bucket/prefix/`."
  type        = string
  default     = "bundled"

  validation {
    condition     = can(regex("^(bundled|s3://[^/]+/(.+/)?|[A-Za-z0-9._-]+)$", var.models))
    error_message = "`bundled`, one name without a slash, or s3://bucket/prefix/ with a slash at its end."
  }
}

variable "features_dimensions" {
  description = "Length of the feature vectors where it is meant not to be 4096, which readers of the augmented index expect: 1280 for the bundled set."
  type        = number
  default     = null

  validation {
    condition     = var.features_dimensions != null || var.models != "bundled"
    error_message = "The bundled set has 1280 features, not 4096. If that is meant, say features_dimensions = 1280."
  }
}

variable "models_cache" {
  description = "Where in the container weights are kept; a volume is mounted there, so the image must have the folder and give it to its user."
  type        = string
  default     = "/var/cache/inference-manager"
}

variable "environment" {
  description = "More of the service's environment variables, as `inference-manager run --help` names them."
  type        = map(string)
  default     = {}

  validation {
    condition     = length(setintersection(keys(var.environment), ["ELASTICSEARCH_API_KEY", "ELASTICSEARCH_PASSWORD"])) == 0
    error_message = "What is secret goes into elasticsearch_api_key_secret_arn or secrets: everybody who may look at a task definition sees environment."
  }
}

variable "secrets" {
  description = "Environment variables whose values are in Secrets Manager or in Parameter Store: name to ARN."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for arn in values(var.secrets) : can(regex("^arn:[^:]+:(secretsmanager|ssm):", arn))])
    error_message = "Each value is the ARN of a secret or of a parameter."
  }
}

variable "secrets_kms_key_arn" {
  description = "Key that the secrets are encrypted with, where it is not AWS's own."
  type        = string
  default     = null
}

variable "sidecars" {
  description = "Further containers of the task, started before the service and healthy before it begins. They share the volume /shared with it."
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

# What it works on

variable "elasticsearch_url" {
  description = "The cluster of both indices."
  type        = string

  validation {
    condition     = can(regex("^https?://[^@]+$", var.elasticsearch_url))
    error_message = "http:// or https://, without a user or a password in it."
  }
}

variable "elasticsearch_api_key_secret_arn" {
  description = "Secret or parameter with the API key, base64 of id:key. Null where `secrets` and `environment` hold ELASTICSEARCH_USERNAME and ELASTICSEARCH_PASSWORD, or where there is no security."
  type        = string
  default     = null
}

variable "initial_index" {
  description = "The index of initial documents, which is read."
  type        = string
}

variable "augmented_index" {
  description = "The index of augmented documents, which is written. It must exist."
  type        = string
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
  description = "Other accounts that may subscribe to that topic. They need kms_key_arn too."
  type        = set(string)
  default     = []
}

variable "payload_buckets" {
  description = "Buckets that messages may point to where they are too large for the queue."
  type        = set(string)
  default     = []
}

variable "models_bucket_name" {
  description = "Name of the bucket of model sets; by default one that is free and begins with `name`."
  type        = string
  default     = null
}

variable "kms_key_arn" {
  description = "Key for queues, topic, bucket and repository in place of AWS's own. Its policy must let sns.amazonaws.com use it where there are upstream topics."
  type        = string
  default     = null
}

variable "max_receive_count" {
  description = "Receives after which SQS moves a message to the dead-letter queue. The service parks on the last of them, with the reason."
  type        = number
  default     = 5
}

variable "message_retention_seconds" {
  description = "How long an id waits before SQS forgets it, without a trace."
  type        = number
  default     = 604800
}

# How it scales and stops

variable "min_tasks" {
  description = "Tasks that always run. With 0 the first message after six quiet hours may wait a quarter of an hour, because CloudWatch forgets queues that nobody touches."
  type        = number
  default     = 0

  validation {
    condition     = var.min_tasks >= 0
    error_message = "Not below 0."
  }
}

variable "max_tasks" {
  description = "Tasks at most. Each asks a host of pictures for up to ten at once, and for images_per_second_per_task a second: ask its owners before raising it. With `discovery` no more than eight are seen by Prometheus at once."
  type        = number
  default     = 4

  validation {
    condition     = var.max_tasks >= 1 && var.max_tasks >= var.min_tasks
    error_message = "At least 1, and not below min_tasks."
  }
}

variable "images_per_second_per_task" {
  description = "What a task does. The default is what ten requests at once bring from a host of pictures that answers in three quarters of a second; inference with the bundled set would do more, with VGG16 about 7 on two vCPUs: `inference-manager bench` in a one-off task."
  type        = number
  default     = 13

  validation {
    condition     = var.images_per_second_per_task > 0
    error_message = "Above 0."
  }
}

variable "target_wait_seconds" {
  description = "How long a message may wait before more tasks are wanted. Times images_per_second_per_task it is the backlog per task that scaling aims at."
  type        = number
  default     = 600

  validation {
    condition     = var.target_wait_seconds >= 300
    error_message = "At least 300: a task that is wanted works three to five minutes later, and would find nothing to do."
  }
}

variable "idle_minutes" {
  description = "Minutes that the queue must have been empty before the last task is stopped."
  type        = number
  default     = 5

  validation {
    condition     = var.idle_minutes >= 3 && var.idle_minutes <= 60
    error_message = "Between 3, the age of what CloudWatch tells, and 60."
  }
}

variable "drain_seconds" {
  description = "How long a stop lets pictures in flight be finished; no shorter than the service's long poll of 20 s."
  type        = number
  default     = 25

  validation {
    condition     = var.drain_seconds >= 20 && var.drain_seconds + var.last_scrape_seconds + 20 <= 120
    error_message = "At least 20, and with last_scrape_seconds no more than 100: Fargate kills a container after 120 s."
  }
}

variable "last_scrape_seconds" {
  description = "How long /metrics outlives the drain; as long as the interval of the scrapes."
  type        = number
  default     = 15
}

# How it tells of itself

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
  default     = 365

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "One of the times that CloudWatch knows: 30, 90, 365, 731, …"
  }
}

variable "log_kms_key_arn" {
  description = "Key that the logs are encrypted with in place of CloudWatch's own. Its policy must let logs.REGION.amazonaws.com use it."
  type        = string
  default     = null
}

variable "log_configuration" {
  description = "Another log driver than CloudWatch's, as the task definition's logConfiguration has it: splunk, say. Not awsfirelens: its log router would have to be a container without these settings, and one-off tasks have no sidecars."
  type        = any
  default     = null

  validation {
    condition     = try(var.log_configuration.logDriver, "") != "awsfirelens"
    error_message = "awsfirelens needs a log router in every task, which this module has no place for. Leave log_configuration null and have the log group log_group_name forwarded by a subscription filter, or name a driver that needs no container: splunk, say."
  }
}

variable "alarm_actions" {
  description = "ARNs that are told when an alarm rises and when it falls: topics, mostly."
  type        = list(string)
  default     = []
}

variable "oldest_message_age_alarm_seconds" {
  description = "Age of the oldest message at which there is an alarm. The default is half of the service level, which is an hour: time to act before it is missed."
  type        = number
  default     = 1800

  validation {
    condition     = var.oldest_message_age_alarm_seconds >= 1800
    error_message = "At least 1800: the first message of a quiet day may wait a quarter of an hour, and a retry's delay comes on top."
  }
}

variable "runbook_url" {
  description = "Where docs/operations.md is to be read; alarms name it with the anchor of their entry."
  type        = string
  default     = "docs/operations.md"
}
