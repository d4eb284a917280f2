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

# Without a health check of Cloud Map's: ECS takes out tasks that have ended, and those that are unhealthy are to be
# scraped more than any.
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
      # A new task is found within one scrape interval.
      ttl = 10
    }
  }
}

locals {
  admin_port = 9464

  elasticsearch_port = tonumber(try(
    regex("^https?://[^/]*:([0-9]+)", var.elasticsearch_url)[0],
    startswith(var.elasticsearch_url, "https") ? "443" : "80",
  ))
}
