resource "aws_sqs_queue" "images" {
  name                       = var.name
  visibility_timeout_seconds = var.visibility_timeout_seconds
  message_retention_seconds  = var.message_retention_seconds
  receive_wait_time_seconds  = 20
  kms_master_key_id          = var.kms_key_arn
  sqs_managed_sse_enabled    = var.kms_key_arn == null ? true : null
  tags                       = var.tags

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    maxReceiveCount     = var.max_receive_count
  })
}

resource "aws_sqs_queue" "dead_letters" {
  name = "${var.name}-dead-letters"
  # A message that SQS moves keeps the time at which it was sent: it must be kept longer here than there.
  message_retention_seconds = 1209600
  receive_wait_time_seconds = 20
  kms_master_key_id         = var.kms_key_arn
  sqs_managed_sse_enabled   = var.kms_key_arn == null ? true : null
  tags                      = var.tags
}

# Of its own, because each queue needs the other's ARN.
resource "aws_sqs_queue_redrive_allow_policy" "dead_letters" {
  queue_url = aws_sqs_queue.dead_letters.id

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.images.arn]
  })
}

resource "aws_sqs_queue_policy" "images" {
  queue_url = aws_sqs_queue.images.id
  policy    = jsonencode({ Version = "2012-10-17", Statement = concat([local.queue_by_tls["images"]], local.upstream) })
}

resource "aws_sqs_queue_policy" "dead_letters" {
  queue_url = aws_sqs_queue.dead_letters.id
  policy    = jsonencode({ Version = "2012-10-17", Statement = [local.queue_by_tls["dead_letters"]] })
}

resource "aws_sns_topic_subscription" "upstream" {
  for_each = var.upstream_topic_arns

  topic_arn = each.value
  protocol  = "sqs"
  endpoint  = aws_sqs_queue.images.arn
  # Raw delivery discards a message that has more than ten attributes; the service reads the envelope.
  raw_message_delivery = false
}

locals {
  queue_by_tls = {
    for name, queue in { images = aws_sqs_queue.images, dead_letters = aws_sqs_queue.dead_letters } : name => {
      Sid                       = "NothingWithoutTls"
      Effect                    = "Deny"
      Principal                 = "*"
      Action                    = "sqs:*"
      Resource                  = queue.arn
      Condition                 = { Bool = { "aws:SecureTransport" = "false" } }
    }
  }

  upstream = length(var.upstream_topic_arns) == 0 ? [] : [{
    Sid       = "UpstreamTopics"
    Effect    = "Allow"
    Principal = { Service = "sns.amazonaws.com" }
    Action    = "sqs:SendMessage"
    Resource  = aws_sqs_queue.images.arn
    Condition = { ArnEquals = { "aws:SourceArn" = sort(values(var.upstream_topic_arns)) } }
  }]
}
