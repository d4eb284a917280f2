# The whole service in a VPC that exists: cluster, name for Prometheus, alarms by mail.

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0, < 7.0"
    }
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = var.tags
  }
}

resource "aws_ecs_cluster" "this" {
  name = var.name

  # Its count of tasks is what the backlog is divided by.
  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_ecs_cluster_capacity_providers" "this" {
  cluster_name = aws_ecs_cluster.this.name
  # Those of yours, too, if there are any.
  capacity_providers = setunion(["FARGATE", "FARGATE_SPOT"], keys(var.capacity_providers))
}

resource "aws_service_discovery_private_dns_namespace" "this" {
  name        = "${var.name}.internal"
  description = "Where Prometheus finds the tasks"
  vpc         = var.vpc_id
}

resource "aws_sns_topic" "alarms" {
  #checkov:skip=CKV_AWS_26:CloudWatch cannot publish to a topic under AWS's own key, and an alarm's text is no secret
  name = "${var.name}-alarms"
}

resource "aws_sns_topic_subscription" "alarms" {
  for_each = var.alarm_addresses

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.value
}

module "service" {
  source = "../.."

  name                    = var.name
  cluster_name            = aws_ecs_cluster_capacity_providers.this.cluster_name
  vpc_id                  = var.vpc_id
  subnet_ids              = var.subnet_ids
  assign_public_ip        = var.assign_public_ip
  discovery               = { namespace_id = aws_service_discovery_private_dns_namespace.this.id }
  scraper_security_groups = var.scraper_security_groups
  egress_ports            = var.egress_ports

  image_tag               = var.image_tag
  image                   = var.image
  models                  = var.models
  features_dimensions     = var.features_dimensions
  models_cache            = var.models_cache
  environment             = var.environment
  secrets                 = var.secrets
  secrets_kms_key_arn     = var.secrets_kms_key_arn
  sidecars                = var.sidecars
  sidecar_repository_arns = var.sidecar_repository_arns

  elasticsearch_url                = var.elasticsearch_url
  elasticsearch_api_key_secret_arn = var.elasticsearch_api_key_secret_arn
  initial_index                    = var.initial_index
  augmented_index                  = var.augmented_index
  upstream_topic_arns              = var.upstream_topic_arns
  announce                         = var.announce
  subscriber_account_ids           = var.subscriber_account_ids
  payload_buckets                  = var.payload_buckets
  models_bucket_name               = var.models_bucket_name
  kms_key_arn                      = var.kms_key_arn
  max_receive_count                = var.max_receive_count
  message_retention_seconds        = var.message_retention_seconds

  compatibility              = var.compatibility
  capacity_providers         = var.capacity_providers
  cpu                        = var.cpu
  memory                     = var.memory
  min_tasks                  = var.min_tasks
  max_tasks                  = var.max_tasks
  images_per_second_per_task = var.images_per_second_per_task
  target_wait_seconds        = var.target_wait_seconds
  idle_minutes               = var.idle_minutes
  drain_seconds              = var.drain_seconds
  last_scrape_seconds        = var.last_scrape_seconds

  log_retention_days               = var.log_retention_days
  log_kms_key_arn                  = var.log_kms_key_arn
  log_configuration                = var.log_configuration
  alarm_actions                    = [aws_sns_topic.alarms.arn]
  oldest_message_age_alarm_seconds = var.oldest_message_age_alarm_seconds
  runbook_url                      = var.runbook_url
}
