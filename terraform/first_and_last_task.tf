# From nothing to one task: target tracking multiplies, and nothing times anything is nothing.
resource "aws_appautoscaling_policy" "first_task" {
  name               = "first-task"
  policy_type        = "StepScaling"
  service_namespace  = aws_appautoscaling_target.tasks.service_namespace
  scalable_dimension = aws_appautoscaling_target.tasks.scalable_dimension
  resource_id        = aws_appautoscaling_target.tasks.resource_id

  step_scaling_policy_configuration {
    adjustment_type         = "ChangeInCapacity"
    metric_aggregation_type = "Maximum"
    # Until CloudWatch has heard of the task: its metric may come minutes late.
    cooldown = 300

    step_adjustment {
      metric_interval_lower_bound = 0
      scaling_adjustment          = 1
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "first_task" {
  alarm_name          = "${var.name}-first-task"
  alarm_description   = "Scales ${var.name} from nothing to one task: messages wait, and no task is wanted. Not an alarm for people."
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_appautoscaling_policy.first_task.arn]
  tags                = var.tags

  metric_query {
    id          = "waiting_for_nobody"
    label       = "Messages visible while no task is wanted"
    expression  = "IF(FILL(tasks, 0) < 1, visible, 0)"
    return_data = true
  }

  metric_query {
    id = "visible"

    metric {
      namespace   = "AWS/SQS"
      metric_name = "ApproximateNumberOfMessagesVisible"
      dimensions  = local.of_queue
      period      = 60
      stat        = "Maximum"
    }
  }

  metric_query {
    id = "tasks"

    metric {
      namespace   = "ECS/ContainerInsights"
      metric_name = "DesiredTaskCount"
      dimensions  = local.of_service
      period      = 60
      stat        = "Maximum"
    }
  }
}

# To nothing, once nothing is left: neither visible nor being worked on nor waiting for its next try. What was deleted
# counts too: the queue's length is looked at once a minute, and a task that keeps up has always just emptied it.
resource "aws_appautoscaling_policy" "last_task" {
  name               = "last-task"
  policy_type        = "StepScaling"
  service_namespace  = aws_appautoscaling_target.tasks.service_namespace
  scalable_dimension = aws_appautoscaling_target.tasks.scalable_dimension
  resource_id        = aws_appautoscaling_target.tasks.resource_id

  step_scaling_policy_configuration {
    adjustment_type         = "ExactCapacity"
    metric_aggregation_type = "Maximum"
    cooldown                = 60

    step_adjustment {
      metric_interval_upper_bound = 0
      scaling_adjustment          = var.min_tasks
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "last_task" {
  alarm_name        = "${var.name}-last-task"
  alarm_description = "Scales ${var.name} to ${var.min_tasks} tasks: its queue has been empty for a while. Not an alarm for people."
  # Below one and not at most none: a step's bounds are told apart by whether the metric is below the threshold.
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  evaluation_periods  = var.idle_minutes
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_appautoscaling_policy.last_task.arn]
  tags                = var.tags

  metric_query {
    id          = "unfinished"
    label       = "Messages that are not yet settled, or were just now"
    expression  = "visible + in_flight + delayed + FILL(deleted, 0)"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = {
      visible   = { metric = "ApproximateNumberOfMessagesVisible", stat = "Maximum" }
      in_flight = { metric = "ApproximateNumberOfMessagesNotVisible", stat = "Maximum" }
      delayed   = { metric = "ApproximateNumberOfMessagesDelayed", stat = "Maximum" }
      deleted   = { metric = "NumberOfMessagesDeleted", stat = "Sum" }
    }

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/SQS"
        metric_name = metric_query.value.metric
        dimensions  = local.of_queue
        period      = 60
        stat        = metric_query.value.stat
      }
    }
  }
}
