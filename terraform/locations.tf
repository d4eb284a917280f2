module "locations" {
  source = "./modules/locations"

  name                      = var.name
  max_receive_count         = var.max_receive_count
  message_retention_seconds = var.message_retention_seconds
  upstream_topic_arns       = var.upstream_topic_arns
  announce                  = var.announce
  subscriber_account_ids    = var.subscriber_account_ids
  models_bucket_name        = var.models_bucket_name
  kms_key_arn               = var.kms_key_arn
  tags                      = var.tags
}
