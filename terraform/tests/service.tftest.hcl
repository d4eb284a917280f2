mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { region = "eu-west-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
}

variables {
  cluster_name                     = "catalogue"
  vpc_id                           = "vpc-1"
  subnet_ids                       = ["subnet-1", "subnet-2"]
  image_tag                        = "1.0.0"
  features_dimensions              = 1280
  elasticsearch_url                = "https://es.example.org:9243"
  elasticsearch_api_key_secret_arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:es-AbCdEf:key::"
  initial_index                    = "images-initial"
  augmented_index                  = "images-augmented"
}

run "a_deployment_may_always_stop_the_old_and_start_the_new" {
  assert {
    condition     = aws_ecs_service.this.deployment_minimum_healthy_percent == 0 && aws_ecs_service.this.deployment_maximum_percent == 200
    error_message = "at one task a deployment may wait for ever"
  }

  assert {
    condition     = one(aws_ecs_service.this.deployment_circuit_breaker).enable && one(aws_ecs_service.this.deployment_circuit_breaker).rollback
    error_message = "a broken image is tried for ever"
  }
}

run "another_mix_of_capacity_is_a_deployment_and_no_other_service" {
  assert {
    condition     = aws_ecs_service.this.force_new_deployment
    error_message = "ECS takes another mix with a new deployment alone, and the provider would replace the service"
  }
}

run "a_log_router_that_no_task_would_have_is_refused" {
  command = plan

  variables {
    log_configuration = { logDriver = "awsfirelens", options = { Name = "cloudwatch" } }
  }

  expect_failures = [var.log_configuration]
}

run "another_log_driver_is_that_of_every_container" {
  variables {
    log_configuration = { logDriver = "splunk", options = { splunk-url = "https://splunk.example.org" } }
  }

  assert {
    condition = alltrue([for task in [aws_ecs_task_definition.service, aws_ecs_task_definition.one_off] : alltrue([
      for container in jsondecode(task.container_definitions) : container.logConfiguration.logDriver == "splunk"
    ])])
    error_message = "a container logs elsewhere"
  }
}

run "more_tasks_than_dns_tells_of_are_warned_of" {
  command = plan

  variables {
    discovery = { namespace_id = "ns-1" }
    max_tasks = 9
  }

  expect_failures = [check.every_task_is_in_the_answer_of_dns]
}

run "as_many_tasks_as_dns_tells_of_are_not" {
  variables {
    discovery = { namespace_id = "ns-1" }
    max_tasks = 8
  }

  assert {
    condition     = one(one(one(aws_service_discovery_service.this).dns_config).dns_records).ttl == 60
    error_message = "an address is forgotten before its task has been scraped a last time"
  }
}

run "there_is_an_alarm_before_the_service_level_is_missed" {
  assert {
    condition     = aws_cloudwatch_metric_alarm.sqs["oldest-message-age"].threshold < 3600
    error_message = "whoever is told at an hour can save no hour"
  }
}

run "messages_in_hand_are_waiting_too" {
  assert {
    condition     = one([for query in aws_cloudwatch_metric_alarm.no_progress.metric_query : query.expression if query.id == "stuck"]) == "IF(FILL(deleted, 0) < 1, visible + in_flight, 0)"
    error_message = "a backlog of 64 messages, all in hand of one task, is never visible"
  }
}

run "a_stop_has_time_for_the_drain_and_the_last_scrape" {
  assert {
    condition     = jsondecode(aws_ecs_task_definition.service.container_definitions)[0].stopTimeout == 60
    error_message = "25 s of drain, 15 s of last scrape and 20 s for what comes after are 60 s"
  }
}

run "a_stop_that_fargate_would_cut_short_is_refused" {
  command = plan

  variables {
    drain_seconds = 90
  }

  expect_failures = [var.drain_seconds]
}

run "the_container_can_change_nothing_but_its_volumes" {
  assert {
    condition = alltrue([for task in [aws_ecs_task_definition.service, aws_ecs_task_definition.one_off] : alltrue([
      for container in jsondecode(task.container_definitions) :
      container.readonlyRootFilesystem && container.user == "65532:65532" && container.linuxParameters.capabilities.drop == ["ALL"]
    ])])
    error_message = "a container may write its root, runs as root, or keeps capabilities"
  }
}

run "secrets_are_read_by_ecs_alone_and_by_their_whole_name" {
  assert {
    condition = one([for statement in jsondecode(aws_iam_role_policy.execution.policy).Statement : statement.Resource if statement.Sid == "ReadSecrets"]) == [
      "arn:aws:secretsmanager:eu-west-1:123456789012:secret:es-AbCdEf"
    ]
    error_message = "ECS may not read the secret, or may read others"
  }

  assert {
    condition     = !strcontains(aws_iam_role_policy.service.policy, "secretsmanager")
    error_message = "the service's own role may read secrets"
  }
}

run "a_secret_in_the_environment_is_refused" {
  command = plan

  variables {
    environment = { ELASTICSEARCH_API_KEY = "c2VjcmV0" }
  }

  expect_failures = [var.environment]
}

run "the_bundled_models_are_taken_on_purpose_or_not_at_all" {
  command = plan

  variables {
    features_dimensions = null
  }

  expect_failures = [var.features_dimensions]
}

run "models_of_the_own_bucket_are_read_below_their_folder_alone" {
  variables {
    models              = "vgg16-2026-11-23"
    features_dimensions = null
    models_bucket_name  = "models-of-ours"
  }

  assert {
    condition = one([for statement in jsondecode(aws_iam_role_policy.service.policy).Statement : statement.Resource if statement.Sid == "ReadModels"]) == [
      "arn:aws:s3:::models-of-ours/vgg16-2026-11-23/*"
    ]
    error_message = "the service may read other models, or not its own"
  }

  assert {
    condition = one([for statement in jsondecode(aws_iam_role_policy.service.policy).Statement : statement.Condition if statement.Sid == "FindModels"]) == {
      StringLike = { "s3:prefix" = ["vgg16-2026-11-23/*"] }
    }
    error_message = "the service may list other models, or not its own"
  }

  assert {
    condition     = one([for variable in jsondecode(aws_ecs_task_definition.service.container_definitions)[0].environment : variable.value if variable.name == "MODELS"]) == "s3://models-of-ours/vgg16-2026-11-23/"
    error_message = "the service is told another set"
  }
}

run "scaling_divides_by_the_tasks_that_are_wanted" {
  assert {
    condition     = one(aws_appautoscaling_policy.backlog_per_task.target_tracking_scaling_policy_configuration).target_value == 7800
    error_message = "13 images/s for 600 s are 7,800 messages a task"
  }

  assert {
    condition = contains([
      for metric in one(one(aws_appautoscaling_policy.backlog_per_task.target_tracking_scaling_policy_configuration).customized_metric_specification).metrics :
      one(one(metric.metric_stat).metric).metric_name if length(metric.metric_stat) > 0
    ], "DesiredTaskCount")
    error_message = "tasks that are starting are not counted"
  }

  assert {
    condition     = aws_appautoscaling_target.tasks.min_capacity == 0 && aws_appautoscaling_target.tasks.max_capacity == 4
    error_message = "it does not scale between nothing and four"
  }
}

run "a_cluster_behind_a_port_that_the_group_closes_is_refused" {
  command = plan

  variables {
    elasticsearch_url = "https://es.example.org:9300"
  }

  expect_failures = [aws_ecs_service.this]
}

run "a_capacity_provider_that_fargate_lacks_is_refused" {
  command = plan

  variables {
    capacity_providers = { instances = { weight = 1 } }
  }

  expect_failures = [aws_ecs_service.this]
}

run "on_instances_no_container_gains_privileges" {
  variables {
    compatibility      = "EC2"
    capacity_providers = { instances = { weight = 1 } }
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.service.container_definitions)[0].dockerSecurityOptions == ["no-new-privileges"]
    error_message = "a container may gain privileges"
  }

  assert {
    condition     = output.run_task.placement == { capacityProviderStrategy = [{ capacityProvider = "instances", base = 0, weight = 1 }] }
    error_message = "a one-off task finds no instance"
  }
}

run "sidecars_are_healthy_before_the_service_begins_and_share_its_volume" {
  variables {
    sidecars = [{
      name         = "captions"
      image        = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/captions:1"
      environment  = { PORT = "3141" }
      health_check = ["CMD", "/captions", "health"]
    }]
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.service.container_definitions)[0].dependsOn == [{ condition = "HEALTHY", containerName = "captions" }]
    error_message = "the service does not wait for its sidecar"
  }

  assert {
    condition = alltrue([for container in jsondecode(aws_ecs_task_definition.service.container_definitions) :
      contains([for mount in container.mountPoints : mount.containerPath if mount.sourceVolume == "shared"], "/shared")
    ])
    error_message = "a container lacks the shared volume"
  }
}
