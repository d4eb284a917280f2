resource "aws_security_group" "this" {
  name_prefix = "${var.name}-"
  description = "Tasks of ${var.name}"
  vpc_id      = var.vpc_id
  tags        = merge(var.tags, { Name = var.name })

  lifecycle {
    # A group that is in use cannot be deleted: the new one first.
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "scrape" {
  for_each = var.scraper_security_groups

  security_group_id            = aws_security_group.this.id
  description                  = "Prometheus asks for /metrics"
  referenced_security_group_id = each.value
  ip_protocol                  = "tcp"
  from_port                    = local.admin_port
  to_port                      = local.admin_port
}

# Pictures are on hosts that the documents name; what must not be reached, the service's fetcher refuses by address.
resource "aws_vpc_security_group_egress_rule" "this" {
  for_each = toset([for port in var.egress_ports : tostring(port)])

  security_group_id = aws_security_group.this.id
  description       = "AWS, Elasticsearch, pictures"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = each.value
  to_port           = each.value
}

# Without a health check of Cloud Map's: tasks that are unhealthy are to be scraped more than any. ECS takes a task out when
# it begins to stop it, not when it has ended (aws/containers-roadmap 343, 1639): who asks again during the drain may find
# it gone before the last scrape, hence the log's last line with all counts.
resource "aws_service_discovery_service" "this" {
  count = var.discovery == null ? 0 : 1

  name        = var.name
  description = "An address for each task, for Prometheus' dns_sd_configs"
  tags        = var.tags

  dns_config {
    namespace_id   = var.discovery.namespace_id
    routing_policy = "MULTIVALUE"

    dns_records {
      type = "A"
      # A new task is found within a minute, and one that stops is known to resolvers for as long as its drain and last
      # scrape take.
      ttl = local.stop_timeout
    }
  }
}

# More tasks than one answer of DNS holds: the service works, and what Prometheus sees of it is a part.
check "every_task_is_in_the_answer_of_dns" {
  assert {
    condition     = var.discovery == null || var.max_tasks <= 8
    error_message = "Route 53 answers eight addresses at most, and max_tasks is ${var.max_tasks}: have Prometheus find the tasks by DiscoverInstances or by ECS, as docs/operations.md tells."
  }
}

locals {
  admin_port = 9464

  elasticsearch_port = tonumber(try(
    regex("^https?://[^/]*:([0-9]+)", var.elasticsearch_url)[0],
    startswith(var.elasticsearch_url, "https") ? "443" : "80",
  ))
}
