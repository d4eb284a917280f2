mock_provider "aws" {}

variables {
  name = "inference-manager"
}

run "queue_and_dead_letter_queue_belong_together" {
  assert {
    condition = jsondecode(aws_sqs_queue.images.redrive_policy) == {
      deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
      maxReceiveCount     = 5
    }
    error_message = "the queue does not redrive to its dead-letter queue on the fifth receive"
  }

  assert {
    condition = jsondecode(aws_sqs_queue_redrive_allow_policy.dead_letters.redrive_allow_policy) == {
      redrivePermission = "byQueue"
      sourceQueueArns   = [aws_sqs_queue.images.arn]
    }
    error_message = "other queues may use this dead-letter queue"
  }

  assert {
    condition     = aws_sqs_queue_redrive_allow_policy.dead_letters.queue_url == aws_sqs_queue.dead_letters.id
    error_message = "the policy is on the wrong queue"
  }

  assert {
    condition     = aws_sqs_queue.dead_letters.message_retention_seconds > aws_sqs_queue.images.message_retention_seconds
    error_message = "dead letters are forgotten before they can be looked at"
  }

  assert {
    condition     = aws_sqs_queue.images.receive_wait_time_seconds == 20
    error_message = "receives do not wait"
  }
}

run "everything_is_encrypted_by_keys_of_aws" {
  assert {
    condition     = aws_sqs_queue.images.sqs_managed_sse_enabled && aws_sqs_queue.dead_letters.sqs_managed_sse_enabled
    error_message = "a queue is not encrypted"
  }

  assert {
    condition     = aws_sns_topic.augmented[0].kms_master_key_id == "alias/aws/sns"
    error_message = "the topic is not encrypted"
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.models.rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    error_message = "the bucket is not encrypted"
  }
}

run "everything_is_encrypted_by_a_key_of_ones_own" {
  variables {
    kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/k"
  }

  assert {
    condition     = aws_sqs_queue.images.kms_master_key_id == var.kms_key_arn && aws_sqs_queue.dead_letters.kms_master_key_id == var.kms_key_arn
    error_message = "a queue has another key"
  }

  assert {
    condition     = aws_sns_topic.augmented[0].kms_master_key_id == var.kms_key_arn
    error_message = "the topic has another key"
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.models.rule).apply_server_side_encryption_by_default).kms_master_key_id == var.kms_key_arn
    error_message = "the bucket has another key"
  }
}

run "models_are_versioned_and_private" {
  assert {
    condition     = one(aws_s3_bucket_versioning.models.versioning_configuration).status == "Enabled"
    error_message = "an overwritten set is lost"
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.models.block_public_acls,
      aws_s3_bucket_public_access_block.models.block_public_policy,
      aws_s3_bucket_public_access_block.models.ignore_public_acls,
      aws_s3_bucket_public_access_block.models.restrict_public_buckets,
    ])
    error_message = "the bucket may become public"
  }
}

run "nothing_is_taken_without_tls" {
  assert {
    condition = alltrue([for policy in [
      aws_sqs_queue_policy.images.policy, aws_sqs_queue_policy.dead_letters.policy,
      aws_sns_topic_policy.augmented[0].policy, aws_s3_bucket_policy.models.policy,
      ] : anytrue([for statement in jsondecode(policy).Statement :
        statement.Effect == "Deny" && statement.Principal == "*" && statement.Condition == { Bool = { "aws:SecureTransport" = "false" } }
    ])])
    error_message = "something may be reached without TLS"
  }
}

run "only_the_named_topics_may_send" {
  variables {
    upstream_topic_arns = { merged = "arn:aws:sns:eu-west-1:123456789012:merged-images" }
  }

  assert {
    condition = [for statement in jsondecode(aws_sqs_queue_policy.images.policy).Statement : statement.Condition if statement.Effect == "Allow"] == [
      { ArnEquals = { "aws:SourceArn" = ["arn:aws:sns:eu-west-1:123456789012:merged-images"] } }
    ]
    error_message = "another topic may send, or this one may not"
  }

  assert {
    condition     = aws_sns_topic_subscription.upstream["merged"].endpoint == aws_sqs_queue.images.arn && !aws_sns_topic_subscription.upstream["merged"].raw_message_delivery
    error_message = "the queue is not subscribed, or by raw delivery"
  }
}

run "without_announcements_there_is_no_topic" {
  variables {
    announce = false
  }

  assert {
    condition     = length(aws_sns_topic.augmented) == 0 && output.topic_arn == null
    error_message = "there is a topic"
  }
}

run "too_few_receives_are_refused" {
  command = plan

  variables {
    max_receive_count = 4
  }

  expect_failures = [var.max_receive_count]
}

run "a_retention_as_long_as_that_of_dead_letters_is_refused" {
  command = plan

  variables {
    message_retention_seconds = 1209600
  }

  expect_failures = [var.message_retention_seconds]
}

run "a_name_that_no_bucket_may_have_is_refused" {
  command = plan

  variables {
    name = "Inference_Manager"
  }

  expect_failures = [var.name]
}
