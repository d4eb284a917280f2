data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  region = data.aws_region.this.region

  cluster_arn = "arn:${data.aws_partition.this.partition}:ecs:${local.region}:${data.aws_caller_identity.this.account_id}:cluster/${var.cluster_name}"

  # A bucket and a prefix, unless the set is the bundled one.
  models_in_s3  = var.models != "bundled"
  models_bucket = split("/", trimprefix(local.models, "s3://"))[0]
  models_prefix = trimprefix(local.models, "s3://${local.models_bucket}/")
  bucket_prefix = "arn:${data.aws_partition.this.partition}:s3:::"

  # What the service asks of AWS and nothing more: tests/terraform compares it with the calls in its source.
  service_statements = concat(
    [
      {
        Sid      = "Receive"
        Effect   = "Allow"
        Action   = ["sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:ChangeMessageVisibility", "sqs:DeleteMessage"]
        Resource = [module.locations.queue.arn]
      },
      {
        Sid      = "Park"
        Effect   = "Allow"
        Action   = ["sqs:GetQueueAttributes", "sqs:SendMessage"]
        Resource = [module.locations.dead_letter_queue.arn]
      },
      {
        # Asked of the task's own agent, which asks ECS with this role.
        Sid       = "StayWhileBusy"
        Effect    = "Allow"
        Action    = ["ecs:UpdateTaskProtection"]
        Resource  = ["${replace(local.cluster_arn, ":cluster/", ":task/")}/*"]
        Condition = { ArnEquals = { "ecs:cluster" = local.cluster_arn } }
      },
    ],
    [for arn in module.locations.topic_arn[*] : {
      Sid      = "Announce"
      Effect   = "Allow"
      Action   = ["sns:GetTopicAttributes", "sns:Publish"]
      Resource = [arn]
    }],
    [for bucket in local.models_in_s3 ? [local.models_bucket] : [] : {
      Sid       = "FindModels"
      Effect    = "Allow"
      Action    = ["s3:ListBucket"]
      Resource  = ["${local.bucket_prefix}${bucket}"]
      Condition = { StringLike = { "s3:prefix" = ["${local.models_prefix}*"] } }
    }],
    [for bucket in local.models_in_s3 ? [local.models_bucket] : [] : {
      Sid      = "ReadModels"
      Effect   = "Allow"
      Action   = ["s3:GetObject"]
      Resource = ["${local.bucket_prefix}${bucket}/${local.models_prefix}*"]
    }],
    [for arns in [[for bucket in sort(var.payload_buckets) : "${local.bucket_prefix}${bucket}/*"]] : {
      Sid      = "ReadPayloads"
      Effect   = "Allow"
      Action   = ["s3:GetObject"]
      Resource = arns
    } if length(arns) > 0],
    [for key in var.kms_key_arn[*] : {
      # Messages are encrypted when sent and decrypted when received; models only decrypted.
      Sid      = "Key"
      Effect   = "Allow"
      Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource = [key]
    }],
  )

  # `redrive` takes messages out of the dead-letter queue and puts them back; `check --models` tries a set that the service
  # does not run yet.
  one_off_statements = [
    {
      Sid      = "TakeBack"
      Effect   = "Allow"
      Action   = ["sqs:ReceiveMessage", "sqs:ChangeMessageVisibility", "sqs:DeleteMessage"]
      Resource = [module.locations.dead_letter_queue.arn]
    },
    {
      Sid      = "SendAgain"
      Effect   = "Allow"
      Action   = ["sqs:SendMessage"]
      Resource = [module.locations.queue.arn]
    },
    {
      Sid      = "FindAnyModels"
      Effect   = "Allow"
      Action   = ["s3:ListBucket"]
      Resource = [module.locations.models_bucket.arn]
    },
    {
      Sid      = "ReadAnyModels"
      Effect   = "Allow"
      Action   = ["s3:GetObject"]
      Resource = ["${module.locations.models_bucket.arn}/*"]
    },
  ]

  secret_arns = distinct([for arn in values(local.secrets) :
    # A secret's ARN may be followed by :key:stage:version, which policies do not know.
    can(regex(":secretsmanager:", arn)) ? join(":", slice(split(":", arn), 0, 7)) : arn
  ])

  tasks_of_this_account = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Action    = "sts:AssumeRole"
      # Against the confused deputy: no task of another account.
      Condition = {
        StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.this.account_id }
        ArnLike      = { "aws:SourceArn" = "arn:${data.aws_partition.this.partition}:ecs:${local.region}:${data.aws_caller_identity.this.account_id}:*" }
      }
    }]
  })
}

resource "aws_iam_role" "service" {
  name               = "${var.name}-service"
  description        = "What the running service may do."
  assume_role_policy = local.tasks_of_this_account
  tags               = var.tags
}

resource "aws_iam_role_policy" "service" {
  name   = "service"
  role   = aws_iam_role.service.id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.service_statements })
}

resource "aws_iam_role" "one_off" {
  name               = "${var.name}-one-off"
  description        = "What one-off tasks may do: as the service, redrive, and try models."
  assume_role_policy = local.tasks_of_this_account
  tags               = var.tags
}

resource "aws_iam_role_policy" "one_off" {
  name   = "one-off"
  role   = aws_iam_role.one_off.id
  policy = jsonencode({ Version = "2012-10-17", Statement = concat(local.service_statements, local.one_off_statements) })
}

resource "aws_iam_role" "execution" {
  name               = "${var.name}-execution"
  description        = "What ECS needs to start a task: image, log stream, secrets."
  assume_role_policy = local.tasks_of_this_account
  tags               = var.tags
}

resource "aws_iam_role_policy" "execution" {
  name = "execution"
  role = aws_iam_role.execution.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          # Knows no resources: it is for the registry as a whole.
          Sid      = "LogInToRegistry"
          Effect   = "Allow"
          Action   = ["ecr:GetAuthorizationToken"]
          Resource = ["*"]
        },
        {
          Sid      = "PullImage"
          Effect   = "Allow"
          Action   = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"]
          Resource = concat([aws_ecr_repository.this.arn], sort(var.sidecar_repository_arns))
        },
        {
          Sid      = "WriteLogs"
          Effect   = "Allow"
          Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
          Resource = ["${aws_cloudwatch_log_group.this.arn}:*"]
        },
      ],
      [for statement in [{
        Sid      = "ReadSecrets"
        Effect   = "Allow"
        Action   = ["secretsmanager:GetSecretValue"]
        Resource = [for arn in local.secret_arns : arn if can(regex(":secretsmanager:", arn))]
      }] : statement if length(statement.Resource) > 0],
      [for statement in [{
        Sid      = "ReadParameters"
        Effect   = "Allow"
        Action   = ["ssm:GetParameters"]
        Resource = [for arn in local.secret_arns : arn if can(regex(":ssm:", arn))]
      }] : statement if length(statement.Resource) > 0],
      [for key in var.secrets_kms_key_arn[*] : {
        Sid      = "DecryptSecrets"
        Effect   = "Allow"
        Action   = ["kms:Decrypt"]
        Resource = [key]
      }],
    )
  })
}
