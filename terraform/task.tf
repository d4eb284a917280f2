locals {
  container = "inference-manager"
  user      = "65532:65532"
  image     = coalesce(var.image, "${aws_ecr_repository.this.repository_url}:${coalesce(var.image_tag, "none")}")
  models    = local.models_in_s3_here ? "s3://${module.locations.models_bucket.name}/${var.models}/" : var.models

  models_in_s3_here = var.models != "bundled" && !startswith(var.models, "s3://")

  # Drain, last scrape and what ends after them; below the 120 s that Fargate allows at most.
  stop_timeout = var.drain_seconds + var.last_scrape_seconds + 20

  environment = merge(
    {
      QUEUE_URL             = module.locations.queue.url
      DEAD_LETTER_QUEUE_URL = module.locations.dead_letter_queue.url
      ELASTICSEARCH_URL     = var.elasticsearch_url
      INITIAL_INDEX         = var.initial_index
      AUGMENTED_INDEX       = var.augmented_index
      MODELS                = local.models
      MODELS_CACHE          = var.models_cache
      ADMIN_ADDRESS         = "0.0.0.0:${local.admin_port}"
      DRAIN                 = "${var.drain_seconds}s"
      LAST_SCRAPE           = "${var.last_scrape_seconds}s"
      LOG_FORMAT            = "json"
      AWS_REGION            = local.region
    },
    { for arn in module.locations.topic_arn[*] : "TOPIC_ARN" => arn },
    { for dimensions in var.features_dimensions[*] : "FEATURES_DIMENSIONS" => tostring(dimensions) },
    { for buckets in [join(",", sort(var.payload_buckets))] : "PAYLOAD_BUCKETS" => buckets if buckets != "" },
    var.environment,
  )

  secrets = merge(
    { for arn in var.elasticsearch_api_key_secret_arn[*] : "ELASTICSEARCH_API_KEY" => arn },
    var.secrets,
  )

  own_logs = {
    logDriver = "awslogs"
    options = {
      awslogs-group         = aws_cloudwatch_log_group.this.name
      awslogs-region        = local.region
      awslogs-stream-prefix = "service"
      # Where CloudWatch does not take logs, the pipeline goes on and some lines are lost.
      mode            = "non-blocking"
      max-buffer-size = "8m"
    }
  }
  # Indexed, because the two are of different types.
  log_configuration = [local.own_logs, var.log_configuration][var.log_configuration == null ? 0 : 1]

  # What holds for every container of the task, sidecars included.
  hardened = merge(
    {
      user                   = local.user
      readonlyRootFilesystem = true
      linuxParameters        = { initProcessEnabled = false, capabilities = { drop = ["ALL"] } }
    },
    # Fargate takes no such option, and gives no privileges.
    var.compatibility == "EC2" ? { dockerSecurityOptions = ["no-new-privileges"] } : {},
  )

  shared_mount = length(var.sidecars) == 0 ? [] : [
    { sourceVolume = "shared", containerPath = "/shared", readOnly = false }
  ]

  service_container = merge(local.hardened, {
    name        = local.container
    image       = local.image
    essential   = true
    command     = ["run", "--production"]
    environment = [for name in sort(keys(local.environment)) : { name = name, value = local.environment[name] }]
    secrets     = [for name in sort(keys(local.secrets)) : { name = name, valueFrom = local.secrets[name] }]
    stopTimeout = local.stop_timeout

    portMappings     = [{ containerPort = local.admin_port, protocol = "tcp" }]
    mountPoints      = concat([{ sourceVolume = "models", containerPath = var.models_cache, readOnly = false }], local.shared_mount)
    dependsOn        = [for sidecar in var.sidecars : { containerName = sidecar.name, condition = "HEALTHY" }]
    logConfiguration = local.log_configuration

    # Asks /livez, which judges by progress: an outage elsewhere replaces no task.
    healthCheck = {
      command  = ["CMD", "/inference-manager", "health"]
      interval = 30
      timeout  = 10
      retries  = 3
      # A start reads the weights, half a gigabyte for VGG16, and proves each model.
      startPeriod = 120
    }
  })

  sidecar_containers = [for sidecar in var.sidecars : merge(local.hardened, {
    name             = sidecar.name
    image            = sidecar.image
    essential        = true
    cpu              = sidecar.cpu
    memory           = sidecar.memory
    command          = sidecar.command
    environment      = [for name in sort(keys(sidecar.environment)) : { name = name, value = sidecar.environment[name] }]
    mountPoints      = local.shared_mount
    stopTimeout      = local.stop_timeout
    logConfiguration = local.log_configuration
    healthCheck = {
      command     = sidecar.health_check
      interval    = 30
      timeout     = 5
      retries     = 3
      startPeriod = 30
    }
  })]

  # What is called for what a person asks: no ports, no health check, nobody restarts it.
  one_off_container = merge(
    { for key, value in local.service_container : key => value if !contains(["portMappings", "healthCheck", "dependsOn"], key) },
    { command = ["check"] },
  )
}

resource "aws_ecs_task_definition" "service" {
  family                   = var.name
  requires_compatibilities = [var.compatibility]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.service.arn
  container_definitions    = jsonencode(concat([local.service_container], local.sidecar_containers))
  # A rollback needs the revision before.
  skip_destroy = true
  tags         = var.tags

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "X86_64"
  }

  # Of the task, gone with it. The image makes the folders and gives them to its user.
  volume {
    name = "models"
  }

  # Where sidecar inferrers would find pictures.
  volume {
    name = "shared"
  }
}

resource "aws_ecs_task_definition" "one_off" {
  family                   = "${var.name}-one-off"
  requires_compatibilities = [var.compatibility]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.one_off.arn
  container_definitions    = jsonencode([local.one_off_container])
  tags                     = var.tags

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "X86_64"
  }

  volume {
    name = "models"
  }

  volume {
    name = "shared"
  }
}
