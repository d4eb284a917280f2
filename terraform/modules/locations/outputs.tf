output "queue" {
  description = "The queue of image ids: `name`, `arn`, `url`."
  value = {
    name = aws_sqs_queue.images.name
    arn  = aws_sqs_queue.images.arn
    url  = aws_sqs_queue.images.id
  }
}

output "dead_letter_queue" {
  description = "Where messages are parked: `name`, `arn`, `url`."
  value = {
    name = aws_sqs_queue.dead_letters.name
    arn  = aws_sqs_queue.dead_letters.arn
    url  = aws_sqs_queue.dead_letters.id
  }
}

output "topic_arn" {
  description = "The topic of augmented ids; null without one."
  value       = one(aws_sns_topic.augmented[*].arn)
}

output "models_bucket" {
  description = "The bucket of model sets: `name`, `arn`."
  value = {
    name = aws_s3_bucket.models.bucket
    arn  = aws_s3_bucket.models.arn
  }
}
