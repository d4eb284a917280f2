resource "aws_sns_topic" "augmented" {
  count = var.announce ? 1 : 0

  name              = "${var.name}-augmented"
  kms_master_key_id = coalesce(var.kms_key_arn, "alias/aws/sns")
  tags              = var.tags
}

resource "aws_sns_topic_policy" "augmented" {
  count = var.announce ? 1 : 0

  arn = aws_sns_topic.augmented[0].arn
  policy = jsonencode({
    Version = "2012-10-17"
    # Roles of this account may publish and subscribe by their own policies.
    Statement = concat([{
      Sid       = "NothingWithoutTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.augmented[0].arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }], length(var.subscriber_account_ids) == 0 ? [] : [{
      Sid       = "SubscribersOfOtherAccounts"
      Effect    = "Allow"
      Principal = { AWS = sort(var.subscriber_account_ids) }
      Action    = "sns:Subscribe"
      Resource  = aws_sns_topic.augmented[0].arn
    }])
  })
}
