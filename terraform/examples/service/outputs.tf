output "service" {
  description = "Everything that the module tells: queues, topic, bucket, repository, roles."
  value       = module.service
}

output "run_task" {
  description = "What scripts/run-task reads."
  value       = module.service.run_task
}
