resource "aws_ecs_service" "this" {
  name            = var.name
  cluster         = local.cluster_arn
  task_definition = aws_ecs_task_definition.service.arn
  # The scaling sets it, from nothing to var.max_tasks.
  desired_count           = var.min_tasks
  platform_version        = var.compatibility == "FARGATE" ? "1.4.0" : null
  enable_ecs_managed_tags = true
  propagate_tags          = "SERVICE"
  tags                    = var.tags

  # New tasks may always start (200) and old ones always be stopped (0), whatever the number of tasks: with
  # any other pair there is one at which rounding forbids both, or at which tasks that protect themselves
  # from being stopped keep the new ones out. Nobody waits on a task: the queue does.
  deployment_minimum_healthy_percent = 0
  deployment_maximum_percent         = 200

  # Another mix of capacity_providers comes with a deployment: ECS takes it no other way, and without this argument the
  # provider fails to plan it, or would replace the service. By itself it deploys nothing: where nothing changed,
  # nothing is asked of ECS.
  force_new_deployment = true

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [aws_security_group.this.id]
    assign_public_ip = var.assign_public_ip
  }

  dynamic "capacity_provider_strategy" {
    for_each = var.capacity_providers

    content {
      capacity_provider = capacity_provider_strategy.key
      base              = capacity_provider_strategy.value.base
      weight            = capacity_provider_strategy.value.weight
    }
  }

  dynamic "service_registries" {
    for_each = aws_service_discovery_service.this

    content {
      registry_arn = service_registries.value.arn
    }
  }

  # The first task must not find that it may not.
  depends_on = [aws_iam_role_policy.service, aws_iam_role_policy.execution]

  lifecycle {
    ignore_changes = [desired_count]

    precondition {
      condition     = var.image != null || var.image_tag != null
      error_message = "Give image_tag, a tag in the repository that this module makes, or image, one elsewhere."
    }

    precondition {
      condition     = contains(var.egress_ports, local.elasticsearch_port)
      error_message = "elasticsearch_url has port ${local.elasticsearch_port}, which is not among egress_ports: the tasks would not reach it."
    }

    precondition {
      condition     = var.compatibility == "EC2" || alltrue([for name in keys(var.capacity_providers) : startswith(name, "FARGATE")])
      error_message = "compatibility = FARGATE runs on the capacity providers FARGATE and FARGATE_SPOT alone."
    }
  }
}
