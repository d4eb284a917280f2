locals {
  # Where the entry of an alarm stands. The anchor is the alarm's key below.
  runbook = "${var.runbook_url}#"

  of_dead_letters = { QueueName = module.locations.dead_letter_queue.name }

  sqs_alarms = {
    oldest-message-age = {
      what       = "The oldest message has waited longer than ${var.oldest_message_age_alarm_seconds} s: tasks are missing, too slow, or a dependency does not answer."
      metric     = "ApproximateAgeOfOldestMessage"
      dimensions = local.of_queue
      threshold  = var.oldest_message_age_alarm_seconds
      periods    = 2
    }
    dead-letters = {
      what       = "Messages are parked, each with its reason in the attribute `parked`."
      metric     = "ApproximateNumberOfMessagesVisible"
      dimensions = local.of_dead_letters
      threshold  = 1
      periods    = 1
    }
    in-flight-quota = {
      what       = "80 % of the 120,000 messages are in flight that SQS allows for a queue: beyond it receives come back empty, without an error."
      metric     = "ApproximateNumberOfMessagesNotVisible"
      dimensions = local.of_queue
      threshold  = 96000
      periods    = 2
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "sqs" {
  for_each = local.sqs_alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value.what} ${local.runbook}${each.key}"
  namespace           = "AWS/SQS"
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = "Maximum"
  period              = 300
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = each.value.threshold
  evaluation_periods  = each.value.periods
  # A queue that nobody touches for six hours has no metrics.
  treat_missing_data = "notBreaching"
  alarm_actions      = var.alarm_actions
  ok_actions         = var.alarm_actions
  tags               = var.tags
}

resource "aws_cloudwatch_metric_alarm" "no_progress" {
  alarm_name          = "${var.name}-no-progress"
  alarm_description   = "Messages wait or are worked on, and for half an hour none was finished. ${local.runbook}no-progress"
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 6
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
  tags                = var.tags

  metric_query {
    id          = "stuck"
    label       = "Messages there while none is deleted"
    expression  = "IF(FILL(deleted, 0) < 1, visible + in_flight, 0)"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = {
      # The fewest: a message that came and went within five minutes waits for nobody. Those in flight as well: while the index
      # is away a task keeps 64 in hand, and a small backlog is never visible.
      visible   = { metric = "ApproximateNumberOfMessagesVisible", stat = "Minimum" }
      in_flight = { metric = "ApproximateNumberOfMessagesNotVisible", stat = "Minimum" }
      deleted   = { metric = "NumberOfMessagesDeleted", stat = "Sum" }
    }

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/SQS"
        metric_name = metric_query.value.metric
        dimensions  = local.of_queue
        period      = 300
        stat        = metric_query.value.stat
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "missing_tasks" {
  alarm_name          = "${var.name}-missing-tasks"
  alarm_description   = "For a quarter of an hour fewer tasks ran than are wanted: they end at once, cannot be placed, or have no image. ${local.runbook}missing-tasks"
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
  tags                = var.tags

  metric_query {
    id          = "missing"
    label       = "Tasks wanted that do not run"
    expression  = "wanted - FILL(running, 0)"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = {
      wanted  = { metric = "DesiredTaskCount", stat = "Minimum" }
      running = { metric = "RunningTaskCount", stat = "Maximum" }
    }

    content {
      id = metric_query.key

      metric {
        namespace   = "ECS/ContainerInsights"
        metric_name = metric_query.value.metric
        dimensions  = local.of_service
        period      = 300
        stat        = metric_query.value.stat
      }
    }
  }
}
