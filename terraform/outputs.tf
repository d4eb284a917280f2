output "queue" {
  description = "The queue of image ids: `name`, `arn`, `url`."
  value       = module.locations.queue
}

output "dead_letter_queue" {
  description = "Where messages are parked: `name`, `arn`, `url`."
  value       = module.locations.dead_letter_queue
}

output "topic_arn" {
  description = "The topic of augmented ids; null without one."
  value       = module.locations.topic_arn
}

output "models_bucket" {
  description = "The bucket of model sets: `name`, `arn`."
  value       = module.locations.models_bucket
}

output "repository_url" {
  description = "Where the image is pushed to."
  value       = aws_ecr_repository.this.repository_url
}

output "security_group_id" {
  description = "The security group of the tasks, for Elasticsearch's to let in."
  value       = aws_security_group.this.id
}

output "service_role_arn" {
  description = "The role of the running service."
  value       = aws_iam_role.service.arn
}

output "log_group_name" {
  description = "Where the logs are."
  value       = aws_cloudwatch_log_group.this.name
}

locals {
  # Not on the service's Fargate capacity: a spot task that is lost would have to be run again by hand. On instances by their
  # capacity provider, which starts one where there is none; by the launch type EC2 none would come. Indexed, because the two
  # are of different types.
  one_off_placement = [
    { launchType = "FARGATE" },
    {
      capacityProviderStrategy = [for name, provider in var.capacity_providers :
        { capacityProvider = name, base = provider.base, weight = provider.weight }
      ]
    },
  ][var.compatibility == "EC2" ? 1 : 0]
}

# A command line of AWS alone must do for whoever runs a task: everything that run-task needs is here.
output "run_task" {
  description = "What scripts/run-task reads: cluster, task definition, container, placement, network, log group."
  value = {
    region          = local.region
    cluster         = var.cluster_name
    task_definition = aws_ecs_task_definition.one_off.family
    container       = local.container
    log_group       = var.log_configuration == null ? aws_cloudwatch_log_group.this.name : ""
    log_prefix      = "service/${local.container}"
    placement       = local.one_off_placement
    network = {
      awsvpcConfiguration = {
        subnets        = var.subnet_ids
        securityGroups = [aws_security_group.this.id]
        assignPublicIp = var.assign_public_ip ? "ENABLED" : "DISABLED"
      }
    }
  }
}
