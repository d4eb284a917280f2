locals {
  # How many messages a task may have waiting for it, if none is to wait longer than it should.
  backlog_per_task = var.images_per_second_per_task * var.target_wait_seconds

  of_queue   = { QueueName = module.locations.queue.name }
  of_service = { ClusterName = var.cluster_name, ServiceName = var.name }
}

resource "aws_appautoscaling_target" "tasks" {
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${var.cluster_name}/${aws_ecs_service.this.name}"
  min_capacity       = var.min_tasks
  max_capacity       = var.max_tasks
  tags               = var.tags
}

# Between one task and max_tasks. Divided by the tasks that are wanted, not by those that run: a task takes a minute
# or two to start, and until it runs the quotient would ask for as many again.
resource "aws_appautoscaling_policy" "backlog_per_task" {
  name               = "backlog-per-task"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.tasks.service_namespace
  scalable_dimension = aws_appautoscaling_target.tasks.scalable_dimension
  resource_id        = aws_appautoscaling_target.tasks.resource_id

  target_tracking_scaling_policy_configuration {
    target_value = local.backlog_per_task
    # CloudWatch tells of a change two to three minutes later; nothing is decided on what was before it.
    scale_out_cooldown = 180
    scale_in_cooldown  = 300

    customized_metric_specification {
      metrics {
        id    = "backlog_per_task"
        label = "Messages per task"
        # Never below one message: at none, target tracking would stop the last task within a minute, and idle_minutes is
        # the other policy's to judge.
        expression  = "IF(visible + in_flight < 1, 1, visible + in_flight) / IF(FILL(tasks, 1) < 1, 1, FILL(tasks, 1))"
        return_data = true
      }

      metrics {
        id          = "visible"
        return_data = false

        metric_stat {
          stat = "Maximum"

          metric {
            namespace   = "AWS/SQS"
            metric_name = "ApproximateNumberOfMessagesVisible"

            dimensions {
              name  = "QueueName"
              value = local.of_queue.QueueName
            }
          }
        }
      }

      metrics {
        id          = "in_flight"
        return_data = false

        metric_stat {
          stat = "Maximum"

          metric {
            namespace   = "AWS/SQS"
            metric_name = "ApproximateNumberOfMessagesNotVisible"

            dimensions {
              name  = "QueueName"
              value = local.of_queue.QueueName
            }
          }
        }
      }

      metrics {
        id          = "tasks"
        return_data = false

        metric_stat {
          stat = "Maximum"

          metric {
            namespace   = "ECS/ContainerInsights"
            metric_name = "DesiredTaskCount"

            dynamic "dimensions" {
              for_each = local.of_service

              content {
                name  = dimensions.key
                value = dimensions.value
              }
            }
          }
        }
      }
    }
  }
}
